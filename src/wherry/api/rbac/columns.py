"""RBAC columns: who is bound to which role, as a row."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from wherry.api.columns import AGE, NAME, column, wide
from wherry.api.registry import Column

if TYPE_CHECKING:
    from wherry.api.rbac.rule import Subject


def _named(subjects: Iterable[Subject], kind: str) -> str:
    return ", ".join(
        f"{subject.namespace}/{subject.name}"
        if kind == "ServiceAccount" and subject.namespace
        else subject.name
        for subject in subjects
        if subject.kind == kind
    )


BINDING: Sequence[Column] = (
    NAME,
    column("Role", lambda found: f"{found.roleRef.kind}/{found.roleRef.name}"),
    AGE,
    wide("Users", lambda found: _named(found.subjects, "User")),
    wide("Groups", lambda found: _named(found.subjects, "Group")),
    wide("ServiceAccounts", lambda found: _named(found.subjects, "ServiceAccount")),
)
