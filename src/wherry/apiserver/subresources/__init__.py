"""subresources: paths below an object that are more than a view of it. One file each, listed in HANDLERS."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from wherry.apiserver.call import Call, Outcome

if TYPE_CHECKING:
    from wherry.apiserver.api import Api


class Handler(Protocol):
    """Answers every verb of one subresource that discovery shows."""

    async def __call__(self, call: Call, api: Api) -> Outcome: ...
