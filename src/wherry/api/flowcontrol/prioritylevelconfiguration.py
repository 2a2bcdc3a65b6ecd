"""PriorityLevelConfiguration: how many requests of a level run at once, and how others wait."""

from __future__ import annotations

from typing import Annotated

from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Int32, ListMap, Merge, Part, Time, Written


class ExemptPriorityLevelConfiguration(Part):
    lendablePercent: Annotated[Int32, Written()] = 0
    nominalConcurrencyShares: Annotated[Int32, Written()] = 0


class QueuingConfiguration(Part):
    handSize: Int32 = 8
    queueLengthLimit: Int32 = 50
    queues: Int32 = 64


class LimitResponse(Part):
    queuing: QueuingConfiguration | None = None
    type: str = ""


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
    type: str = ""


class PriorityLevelConfigurationStatus(Part):
    conditions: Annotated[
        tuple[PriorityLevelConfigurationCondition, ...], ListMap("type"), Merge("merge", "type")
    ] = ()


@resource("flowcontrol.apiserver.k8s.io/v1", "prioritylevelconfigurations")
class PriorityLevelConfiguration(Object):
    spec: PriorityLevelConfigurationSpec = PriorityLevelConfigurationSpec()
    status: PriorityLevelConfigurationStatus = PriorityLevelConfigurationStatus()
