"""Workload validation: what Deployments, ReplicaSets, DaemonSets and StatefulSets have in common."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from wherry.api.core.templatevalidation import validate_always_restarts, validate_selects, validate_template
from wherry.api.rules import immutable
from wherry.machinery.errors import FieldError


def validate_workload(new: Any, old: Any) -> Iterator[FieldError]:
    """Selector and template of a workload whose Pods are to be there all the time.

    A template that was accepted before is not looked at again: nearly all updates leave it alone.
    """
    spec = new.spec
    if old is not None and (spec.selector, spec.template) == (old.spec.selector, old.spec.template):
        return
    yield from validate_selects(spec.selector, spec.template)
    yield from validate_template(spec.template, "spec.template")
    yield from validate_always_restarts(spec.template, "spec.template")
    if old is not None:
        yield from immutable("spec.selector", spec.selector, old.spec.selector)
