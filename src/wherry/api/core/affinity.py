"""Affinity: where Pods want to be, taints and tolerations, spreading."""

from __future__ import annotations

from typing import Annotated

from wherry.machinery.meta import LabelSelector
from wherry.machinery.schema import Atomic, Int32, Int64, OneOf, Part, Time, atomic


class NodeSelectorRequirement(Part):
    key: str = ""
    operator: str = ""
    values: Annotated[tuple[str, ...], Atomic()] = ()


@atomic
class NodeSelectorTerm(Part):
    matchExpressions: Annotated[tuple[NodeSelectorRequirement, ...], Atomic()] = ()
    matchFields: Annotated[tuple[NodeSelectorRequirement, ...], Atomic()] = ()


@atomic
class NodeSelector(Part):
    nodeSelectorTerms: Annotated[tuple[NodeSelectorTerm, ...], Atomic()] = ()


class PreferredSchedulingTerm(Part):
    preference: NodeSelectorTerm = NodeSelectorTerm()
    weight: Int32 = 0


class NodeAffinity(Part):
    preferredDuringSchedulingIgnoredDuringExecution: Annotated[
        tuple[PreferredSchedulingTerm, ...], Atomic()
    ] = ()
    requiredDuringSchedulingIgnoredDuringExecution: NodeSelector | None = None


class PodAffinityTerm(Part):
    labelSelector: LabelSelector | None = None
    matchLabelKeys: Annotated[tuple[str, ...], Atomic()] = ()
    mismatchLabelKeys: Annotated[tuple[str, ...], Atomic()] = ()
    namespaceSelector: LabelSelector | None = None
    namespaces: Annotated[tuple[str, ...], Atomic()] = ()
    topologyKey: str = ""


class WeightedPodAffinityTerm(Part):
    podAffinityTerm: PodAffinityTerm = PodAffinityTerm()
    weight: Int32 = 0


class PodAffinity(Part):
    preferredDuringSchedulingIgnoredDuringExecution: Annotated[
        tuple[WeightedPodAffinityTerm, ...], Atomic()
    ] = ()
    requiredDuringSchedulingIgnoredDuringExecution: Annotated[tuple[PodAffinityTerm, ...], Atomic()] = ()


class PodAntiAffinity(Part):
    preferredDuringSchedulingIgnoredDuringExecution: Annotated[
        tuple[WeightedPodAffinityTerm, ...], Atomic()
    ] = ()
    requiredDuringSchedulingIgnoredDuringExecution: Annotated[tuple[PodAffinityTerm, ...], Atomic()] = ()


class Affinity(Part):
    nodeAffinity: NodeAffinity | None = None
    podAffinity: PodAffinity | None = None
    podAntiAffinity: PodAntiAffinity | None = None


class Taint(Part):
    effect: Annotated[str, OneOf("NoSchedule", "PreferNoSchedule", "NoExecute")] = ""
    key: str = ""
    timeAdded: Time = ""
    value: str = ""


class Toleration(Part):
    effect: Annotated[str, OneOf("NoSchedule", "PreferNoSchedule", "NoExecute")] = ""
    key: str = ""
    operator: Annotated[str, OneOf("Equal", "Exists", "Gt", "Lt")] = ""
    tolerationSeconds: Int64 | None = None
    value: str = ""


class TopologySelectorLabelRequirement(Part):
    key: str = ""
    values: Annotated[tuple[str, ...], Atomic()] = ()


@atomic
class TopologySelectorTerm(Part):
    matchLabelExpressions: Annotated[tuple[TopologySelectorLabelRequirement, ...], Atomic()] = ()


class TopologySpreadConstraint(Part):
    labelSelector: LabelSelector | None = None
    matchLabelKeys: Annotated[tuple[str, ...], Atomic()] = ()
    maxSkew: Int32 = 0
    minDomains: Int32 | None = None
    nodeAffinityPolicy: Annotated[str, OneOf("Honor", "Ignore")] = ""
    nodeTaintsPolicy: Annotated[str, OneOf("Honor", "Ignore")] = ""
    topologyKey: str = ""
    whenUnsatisfiable: Annotated[str, OneOf("DoNotSchedule", "ScheduleAnyway")] = ""


class VolumeNodeAffinity(Part):
    required: NodeSelector | None = None
