"""Call: one request to the API, whichever way it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from wherry.api.registry import Resource
from wherry.apiserver.entry import Entry


@dataclass(frozen=True, slots=True)
class User:
    """Who asks, as an authenticator found out."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


ANONYMOUS = User("system:anonymous", ("system:unauthenticated",))
# wherry's own components in this process; bypasses authorization like upstream's loopback client.
LOOPBACK = User("system:apiserver", ("system:masters", "system:authenticated"))


def user_tree(user: User) -> dict[str, Any]:
    """A user in the fields of a UserInfo."""
    tree: dict[str, Any] = {"username": user.name, "groups": list(user.groups)}
    if user.uid:
        tree["uid"] = user.uid
    if user.extra:
        tree["extra"] = {key: list(values) for key, values in user.extra.items()}
    return tree


@dataclass(slots=True)
class Call:
    """What is asked: a verb on a resource, with options and perhaps a body.

    `params` are the query's first values. `warnings` collects what the answer's Warning headers say.
    """

    verb: str
    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    params: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = "application/json"
    user: User = LOOPBACK
    user_agent: str = ""
    warnings: list[str] = field(default_factory=list)

    def flag(self, name: str) -> bool:
        return self.params.get(name, "").lower() in ("true", "1")

    @property
    def dry_run(self) -> bool:
        return self.params.get("dryRun") == "All"

    @property
    def manager(self) -> str:
        """Who owns the fields that this call writes: the fieldManager option, else the program's name."""
        named = self.params.get("fieldManager", "")
        return named or self.user_agent.partition("/")[0] or "unknown"


@dataclass(slots=True)
class Outcome:
    """What became of a write: the object, or a Status (as a tree) where the API answers with one."""

    code: int
    entry: Entry | None = None
    tree: dict[str, Any] | None = None
