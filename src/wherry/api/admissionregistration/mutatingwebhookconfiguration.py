"""MutatingWebhookConfiguration: which webhooks may change objects on their way in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.admissionregistration.matching import MutatingWebhook
from wherry.api.admissionregistration.validation import validate_webhooks
from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError
from wherry.machinery.meta import Object
from wherry.machinery.schema import ListMap, Merge


def validate(
    new: MutatingWebhookConfiguration, old: MutatingWebhookConfiguration | None
) -> Iterator[FieldError]:
    yield from validate_webhooks(new.webhooks)


@resource(
    "admissionregistration.k8s.io/v1",
    "mutatingwebhookconfigurations",
    validate=validate,
    columns=(NAME, column("Webhooks", lambda found: len(found.webhooks), "integer"), AGE),
    generation=True,
    needs_version=True,
)
class MutatingWebhookConfiguration(Object):
    webhooks: Annotated[tuple[MutatingWebhook, ...], ListMap("name"), Merge("merge", "name")] = ()
