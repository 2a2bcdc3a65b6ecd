"""Clock: the one source of time and chance. Everything else is a function of what it is given."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time, identity and chance, injected: a real one in a running cluster, a seeded one in tests.

    Waiting is the event loop's business (`asyncio.sleep`, `loop.call_later`): a virtual clock comes
    with a virtual loop whose time jumps when nothing is left to do.
    """

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some fixed moment; never goes back."""
        ...

    def uuid(self) -> str:
        """A new random UUID, version 4."""
        ...

    def suffix(self, length: int = 5) -> str:
        """Random characters for generated names, from bcdfghjklmnpqrstvwxz2456789."""
        ...

    def random(self) -> float:
        """A number in [0, 1): jitter."""
        ...
