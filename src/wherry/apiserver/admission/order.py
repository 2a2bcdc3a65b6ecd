"""Order: which admission plug-ins run, and when; upstream's order."""

from __future__ import annotations

from typing import cast

from wherry.apiserver.admission import (
    Admission,
    Mutating,
    Validating,
    defaulttolerationseconds,
    namespacelifecycle,
    priority,
    serviceaccount,
    storageobjectinuseprotection,
    taintnodesbycondition,
)

MUTATING = (
    namespacelifecycle,
    serviceaccount,
    taintnodesbycondition,
    priority,
    defaulttolerationseconds,
    storageobjectinuseprotection,
)

VALIDATING = (
    namespacelifecycle,
    priority,
)


def default_admission() -> Admission:
    return Admission(
        tuple(cast(Mutating, module) for module in MUTATING),
        tuple(cast(Validating, module) for module in VALIDATING),
    )
