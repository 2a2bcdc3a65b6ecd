"""SystemClock: the time and chance of a running cluster."""

from __future__ import annotations

import random  # noqa: TID251 - the clock is where chance comes from
import secrets
import time
import uuid
from datetime import UTC, datetime

from wherry.machinery.names import SAFE_ALPHABET


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)  # noqa: TID251 - the clock is where time comes from

    def monotonic(self) -> float:
        return time.monotonic()  # noqa: TID251 - the clock is where time comes from

    def uuid(self) -> str:
        return str(uuid.uuid4())  # noqa: TID251 - the clock is where identity comes from

    def suffix(self, length: int = 5) -> str:
        return "".join(secrets.choice(SAFE_ALPHABET) for _ in range(length))

    def random(self) -> float:
        return random.random()
