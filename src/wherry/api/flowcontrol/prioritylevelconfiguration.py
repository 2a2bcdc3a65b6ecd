"""PriorityLevelConfiguration: how many requests of a level run at once, and how others wait."""

from __future__ import annotations

from typing import Annotated, Any

from wherry.api.columns import AGE, NAME, NONE, Cell, column
from wherry.api.registry import resource
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


@resource(
    "flowcontrol.apiserver.k8s.io/v1",
    "prioritylevelconfigurations",
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
