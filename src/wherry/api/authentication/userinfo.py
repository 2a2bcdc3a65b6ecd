"""UserInfo: who somebody is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.machinery.schema import Atomic, Part


class UserInfo(Part):
    extra: Mapping[str, tuple[str, ...]] = {}
    groups: Annotated[tuple[str, ...], Atomic()] = ()
    uid: str = ""
    username: str = ""
