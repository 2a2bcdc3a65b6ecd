"""Admission policy columns: what a policy's parameters are, in one word."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wherry.api.columns import UNSET
from wherry.machinery.selectors import format_label_selector

if TYPE_CHECKING:
    from wherry.api.admissionregistration.matching import ParamKind, ParamRef


def param_kind(found: ParamKind | None) -> str:
    return UNSET if found is None else f"{found.apiVersion}/{found.kind}"


def param_ref(found: ParamRef | None) -> str:
    if found is None:
        return UNSET
    if found.name:
        return f"{found.namespace or '*'}/{found.name}"
    return format_label_selector(found.selector) if found.selector is not None else UNSET
