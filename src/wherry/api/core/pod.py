"""Pod: containers that run together on one node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from wherry.api.core.affinity import Affinity, Toleration, TopologySpreadConstraint
from wherry.api.core.container import Container, EphemeralContainer, PodSecurityContext, ResourceRequirements
from wherry.api.core.podcolumns import COLUMNS
from wherry.api.core.poddefaults import complete_pod, complete_spec, prepare_pod
from wherry.api.core.podstatus import PodStatus
from wherry.api.core.podupdate import validate_ephemeral, validate_resize, validate_status, validate_update
from wherry.api.core.podvalidation import validate_pod
from wherry.api.core.reference import LocalObjectReference
from wherry.api.core.volume import Volume
from wherry.api.registry import resource
from wherry.machinery.meta import Object
from wherry.machinery.schema import Atomic, Int32, Int64, ListMap, Merge, OneOf, Part, Quantity, atomic


@atomic
class EvictionResponder(Part):
    name: str = ""
    priority: Int32 = 0


class HostAlias(Part):
    hostnames: Annotated[tuple[str, ...], Atomic()] = ()
    ip: str = ""


class PodDNSConfigOption(Part):
    name: str = ""
    value: str = ""


class PodDNSConfig(Part):
    nameservers: Annotated[tuple[str, ...], Atomic()] = ()
    options: Annotated[tuple[PodDNSConfigOption, ...], Atomic()] = ()
    searches: Annotated[tuple[str, ...], Atomic()] = ()


class PodOS(Part):
    name: Annotated[str, OneOf("linux", "windows")] = ""


class PodReadinessGate(Part):
    conditionType: str = ""


class PodResourceClaim(Part):
    name: str = ""
    resourceClaimName: str = ""
    resourceClaimTemplateName: str = ""


class PodSchedulingGate(Part):
    name: str = ""


class PodSchedulingGroup(Part):
    podGroupName: str = ""


class PodSpec(Part):
    activeDeadlineSeconds: Int64 | None = None
    affinity: Affinity | None = None
    automountServiceAccountToken: bool | None = None
    containers: Annotated[tuple[Container, ...], ListMap("name"), Merge("merge", "name")] = ()
    dnsConfig: PodDNSConfig | None = None
    dnsPolicy: Annotated[str, OneOf("ClusterFirst", "ClusterFirstWithHostNet", "Default", "None")] = (
        "ClusterFirst"
    )
    enableServiceLinks: bool | None = None
    ephemeralContainers: Annotated[
        tuple[EphemeralContainer, ...], ListMap("name"), Merge("merge", "name")
    ] = ()
    evictionResponders: Annotated[tuple[EvictionResponder, ...], ListMap("name"), Merge("merge", "name")] = ()
    hostAliases: Annotated[tuple[HostAlias, ...], ListMap("ip"), Merge("merge", "ip")] = ()
    hostIPC: bool = False
    hostNetwork: bool = False
    hostPID: bool = False
    hostUsers: bool | None = None
    hostname: str = ""
    hostnameOverride: str | None = None
    imagePullSecrets: Annotated[
        tuple[LocalObjectReference, ...], ListMap("name"), Merge("merge", "name")
    ] = ()
    initContainers: Annotated[tuple[Container, ...], ListMap("name"), Merge("merge", "name")] = ()
    nodeName: str = ""
    nodeSelector: Annotated[Mapping[str, str], Atomic()] = {}
    os: PodOS | None = None
    overhead: Mapping[str, Quantity] = {}
    preemptionPolicy: Annotated[str, OneOf("Never", "PreemptLowerPriority")] = ""
    priority: Int32 | None = None
    priorityClassName: str = ""
    readinessGates: Annotated[tuple[PodReadinessGate, ...], Atomic()] = ()
    resourceClaims: Annotated[
        tuple[PodResourceClaim, ...], ListMap("name"), Merge("merge,retainKeys", "name")
    ] = ()
    resources: ResourceRequirements = ResourceRequirements()
    restartPolicy: Annotated[str, OneOf("Always", "OnFailure", "Never")] = "Always"
    runtimeClassName: str = ""
    schedulerName: str = "default-scheduler"
    schedulingGates: Annotated[tuple[PodSchedulingGate, ...], ListMap("name"), Merge("merge", "name")] = ()
    schedulingGroup: PodSchedulingGroup | None = None
    securityContext: PodSecurityContext | None = None
    serviceAccount: str = ""
    serviceAccountName: str = ""
    setHostnameAsFQDN: bool | None = None
    shareProcessNamespace: bool | None = None
    subdomain: str = ""
    terminationGracePeriodSeconds: Int64 = 30
    tolerations: Annotated[tuple[Toleration, ...], Atomic()] = ()
    topologySpreadConstraints: Annotated[
        tuple[TopologySpreadConstraint, ...],
        ListMap("topologyKey", "whenUnsatisfiable"),
        Merge("merge", "topologyKey"),
    ] = ()
    volumes: Annotated[tuple[Volume, ...], ListMap("name"), Merge("merge,retainKeys", "name")] = ()

    complete = staticmethod(complete_spec)


def _first_address(pod: Pod) -> str:
    return pod.status.podIPs[0].ip if pod.status.podIPs else ""


@resource(
    "v1",
    "pods",
    prepare=prepare_pod,
    validate=validate_pod,
    transitions={
        "": validate_update,
        "ephemeralcontainers": validate_ephemeral,
        "resize": validate_resize,
        "status": validate_status,
    },
    selectable={
        "spec.nodeName": lambda pod: pod.spec.nodeName,
        "spec.host": lambda pod: pod.spec.nodeName,
        "spec.restartPolicy": lambda pod: pod.spec.restartPolicy,
        "spec.schedulerName": lambda pod: pod.spec.schedulerName,
        "spec.serviceAccountName": lambda pod: pod.spec.serviceAccountName,
        "spec.hostNetwork": lambda pod: "true" if pod.spec.hostNetwork else "false",
        "status.phase": lambda pod: pod.status.phase,
        "status.podIP": _first_address,
        "status.podIPs": lambda pod: "",
        "status.nominatedNodeName": lambda pod: pod.status.nominatedNodeName,
    },
    columns=COLUMNS,
    generation=True,
)
class Pod(Object):
    spec: PodSpec = PodSpec()
    status: PodStatus = PodStatus()

    complete = staticmethod(complete_pod)
