"""PriorityLevelConfiguration: how many requests of a level run at once, and how others wait."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from wherry.api.columns import AGE, NAME, NONE, Cell, column
from wherry.api.registry import resource
from wherry.machinery.errors import FieldError, forbidden, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, ListMap, Merge, OneOf, Part, Time, Written


class ExemptPriorityLevelConfiguration(Part):
    lendablePercent: Annotated[Int32, Written()] = 0
    nominalConcurrencyShares: Annotated[Int32, Written()] = 0


class QueuingConfiguration(Part):
    handSize: Int32 = 8
    queueLengthLimit: Int32 = 50
    queues: Int32 = 64


class LimitResponse(Part):
    queuing: QueuingConfiguration | None = None
    type: Annotated[str, OneOf("Queue", "Reject")] = ""


class LimitedPriorityLevelConfiguration(Part):
    borrowingLimitPercent: Int32 | None = None
    lendablePercent: Annotated[Int32, Written()] = 0
    limitResponse: LimitResponse = LimitResponse()
    nominalConcurrencyShares: Int32 = 30


class PriorityLevelConfigurationCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class PriorityLevelConfigurationSpec(Part):
    exempt: ExemptPriorityLevelConfiguration | None = None
    limited: LimitedPriorityLevelConfiguration | None = None
    type: Annotated[str, OneOf("Exempt", "Limited")] = ""


class PriorityLevelConfigurationStatus(Part):
    conditions: Annotated[
        tuple[PriorityLevelConfigurationCondition, ...], ListMap("type"), Merge("merge", "type")
    ] = ()


def _queuing(field: str) -> Cell:
    """What a level says of its queues, if requests wait there at all."""

    def cell(found: PriorityLevelConfiguration) -> Any:
        limited = found.spec.limited
        queuing = limited.limitResponse.queuing if limited is not None else None
        return getattr(queuing, field) if queuing is not None else NONE

    return cell


def validate(new: PriorityLevelConfiguration, old: PriorityLevelConfiguration | None) -> Iterator[FieldError]:
    spec = new.spec
    if not spec.type:
        yield required("spec.type")
    if spec.type == "Exempt":
        if spec.limited is not None:
            yield forbidden("spec.limited", "must be nil if the type is not Limited")
        return
    if spec.exempt is not None:
        yield forbidden("spec.exempt", "must be nil if the type is Limited")
    limited = spec.limited
    if limited is None:
        yield required("spec.limited", "must not be empty when type is Limited")
        return
    if limited.nominalConcurrencyShares < 0:
        value = limited.nominalConcurrencyShares
        yield invalid("spec.limited.nominalConcurrencyShares", value, "must be a non-negative integer")
    if not 0 <= limited.lendablePercent <= 100:
        detail = "must be between 0 and 100, inclusive"
        yield invalid("spec.limited.lendablePercent", limited.lendablePercent, detail)
    response = limited.limitResponse
    where = "spec.limited.limitResponse"
    if response.type == "Reject" and response.queuing is not None:
        yield forbidden(f"{where}.queuing", "must be nil if limited.limitResponse.type is not Limited")
    elif response.type == "Queue" and response.queuing is None:
        detail = "must not be empty if limited.limitResponse.type is Limited"
        yield required(f"{where}.queuing", detail)
    elif response.queuing is not None and response.queuing.handSize > response.queuing.queues:
        detail = f"should not be greater than queues ({response.queuing.queues})"
        yield invalid(f"{where}.queuing.handSize", response.queuing.handSize, detail)


@resource(
    "flowcontrol.apiserver.k8s.io/v1",
    "prioritylevelconfigurations",
    validate=validate,
    columns=(
        NAME,
        column("Type", lambda found: found.spec.type),
        column(
            "NominalConcurrencyShares",
            lambda found: found.spec.limited.nominalConcurrencyShares if found.spec.limited else NONE,
        ),
        column("Queues", _queuing("queues")),
        column("HandSize", _queuing("handSize")),
        column("QueueLengthLimit", _queuing("queueLengthLimit")),
        AGE,
    ),
    generation=True,
)
class PriorityLevelConfiguration(Object):
    spec: PriorityLevelConfigurationSpec = PriorityLevelConfigurationSpec()
    status: PriorityLevelConfigurationStatus = PriorityLevelConfigurationStatus()
