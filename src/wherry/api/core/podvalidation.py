"""Pod validation: what the spec of a Pod, or of a template for Pods, may say."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from wherry.api.core.affinityvalidation import validate_affinity, validate_spread, validate_tolerations
from wherry.api.core.container import Container, PodSecurityContext
from wherry.api.core.containervalidation import (
    Surroundings,
    check_local_path,
    check_user,
    validate_containers,
    validate_ephemeral_containers,
    validate_init_containers,
    validate_profile,
)
from wherry.api.core.resourcevalidation import check_amount, validate_requirements
from wherry.api.core.volumevalidation import validate_volumes
from wherry.api.rules import NOT_NEGATIVE
from wherry.machinery import quantity
from wherry.machinery.addresses import check_ip
from wherry.machinery.errors import FieldError, duplicate, forbidden, invalid, required
from wherry.machinery.labels import validate_labels
from wherry.machinery.names import (
    check_label,
    check_qualified_name,
    check_range,
    check_subdomain,
    check_underscore_subdomain,
)

if TYPE_CHECKING:
    from wherry.api.core.pod import Pod, PodDNSConfig, PodSpec  # which imports this module

SUBDOMAINS = ("serviceAccountName", "nodeName", "priorityClassName", "runtimeClassName")
LABELS = ("hostname", "subdomain")
NAMESERVERS, SEARCHES, SEARCH_CHARACTERS = 3, 32, 2048
CLAIM_SOURCES = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`"


def validate_pod(new: Pod, old: Pod | None) -> Iterator[FieldError]:
    """A Pod by itself. What an update may change is `podupdate`'s business."""
    if old is not None and new.spec == old.spec:
        return
    spec = new.spec
    yield from validate_pod_spec(spec, "spec", name=new.metadata.name)
    if old is None:
        if spec.ephemeralContainers:
            yield forbidden("spec.ephemeralContainers", "cannot be set on create")
        if spec.schedulingGates and spec.nodeName:
            yield forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared")


def validate_pod_spec(spec: PodSpec, path: str, name: str = "") -> Iterator[FieldError]:
    """name: the Pod's, where it is known."""
    if spec.volumes:
        yield from validate_volumes(spec.volumes, f"{path}.volumes", name)
    yield from _validate_all_containers(spec, path)
    for field in SUBDOMAINS:
        value = getattr(spec, field)
        if value:
            for problem in check_subdomain(value):
                yield invalid(f"{path}.{field}", value, problem)
    for field in LABELS:
        value = getattr(spec, field)
        if value:
            for problem in check_label(value):
                yield invalid(f"{path}.{field}", value, problem)
    if spec.activeDeadlineSeconds is not None:
        for problem in check_range(spec.activeDeadlineSeconds, 1, 2**31 - 1):
            yield invalid(f"{path}.activeDeadlineSeconds", spec.activeDeadlineSeconds, problem)
    if spec.terminationGracePeriodSeconds < 0:
        yield invalid(
            f"{path}.terminationGracePeriodSeconds", spec.terminationGracePeriodSeconds, NOT_NEGATIVE
        )
    if spec.nodeSelector:
        yield from validate_labels(spec.nodeSelector, f"{path}.nodeSelector")
    if spec.affinity is not None:
        yield from validate_affinity(spec.affinity, f"{path}.affinity")
    if spec.tolerations:
        yield from validate_tolerations(spec.tolerations, f"{path}.tolerations")
    if spec.topologySpreadConstraints:
        yield from validate_spread(spec.topologySpreadConstraints, f"{path}.topologySpreadConstraints")
    if spec.securityContext is not None:
        yield from _validate_security(spec.securityContext, f"{path}.securityContext")
    if spec.dnsConfig is not None or spec.dnsPolicy == "None":
        yield from _validate_dns(spec, spec.dnsConfig, path)
    yield from _validate_sharing(spec, path)
    yield from _validate_lists(spec, path)
    if spec.resources.limits or spec.resources.requests:
        yield from _validate_pod_resources(spec, f"{path}.resources")
    for key, text in spec.overhead.items():
        for problem in check_amount(key, text):
            yield invalid(f"{path}.overhead[{key}]", text, problem)
    if spec.os is not None and not spec.os.name:
        yield required(f"{path}.os.name", "cannot be empty")


def _validate_all_containers(spec: PodSpec, path: str) -> Iterator[FieldError]:
    volumes = {
        volume.name: volume.persistentVolumeClaim is not None or volume.ephemeral is not None
        for volume in spec.volumes
    }
    claims = {claim.name for claim in spec.resourceClaims}
    around = Surroundings(spec.terminationGracePeriodSeconds, spec.hostNetwork, volumes, claims)
    seen: set[str] = set()
    yield from validate_containers(spec.containers, f"{path}.containers", around, seen)
    if spec.initContainers:
        yield from validate_init_containers(spec.initContainers, f"{path}.initContainers", around, seen)
    if spec.ephemeralContainers:
        where = f"{path}.ephemeralContainers"
        yield from validate_ephemeral_containers(spec.ephemeralContainers, where, around, seen, set(seen))
    taken: set[str] = set()
    yield from _validate_host_ports(spec.containers, f"{path}.containers", taken)
    if spec.initContainers:
        sidecars = [each for each in spec.initContainers if each.restartPolicy == "Always"]
        yield from _validate_host_ports(sidecars, f"{path}.initContainers", taken)


def _validate_host_ports(containers: Iterable[Container], path: str, taken: set[str]) -> Iterator[FieldError]:
    for index, container in enumerate(containers):
        for at, port in enumerate(container.ports):
            if not port.hostPort:
                continue
            text = f"{port.protocol}/{port.hostIP}/{port.hostPort}"
            if text in taken:
                yield duplicate(f"{path}[{index}].ports[{at}].hostPort", text)
            taken.add(text)


def _validate_security(context: PodSecurityContext, path: str) -> Iterator[FieldError]:
    for field in ("fsGroup", "runAsUser", "runAsGroup"):
        value = getattr(context, field)
        if value is not None:
            for problem in check_user(value):
                yield invalid(f"{path}.{field}", value, problem)
    for index, group in enumerate(context.supplementalGroups):
        for problem in check_user(group):
            yield invalid(f"{path}.supplementalGroups[{index}]", group, problem)
    if context.seccompProfile is not None:
        yield from validate_profile(context.seccompProfile, f"{path}.seccompProfile", check_local_path)
    if context.appArmorProfile is not None:
        yield from validate_profile(context.appArmorProfile, f"{path}.appArmorProfile", lambda text: [])
    names: set[str] = set()
    for index, sysctl in enumerate(context.sysctls):
        if not sysctl.name:
            yield required(f"{path}.sysctls[{index}].name")
        elif sysctl.name in names:
            yield duplicate(f"{path}.sysctls[{index}].name", sysctl.name)
        names.add(sysctl.name)


def _validate_dns(spec: PodSpec, config: PodDNSConfig | None, path: str) -> Iterator[FieldError]:
    where = f"{path}.dnsConfig"
    if spec.dnsPolicy == "None":
        if config is None:
            yield required(where, "must provide `dnsConfig` when `dnsPolicy` is None")
        elif not config.nameservers:
            detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
            yield required(f"{where}.nameservers", detail)
    if config is None:
        return
    if len(config.nameservers) > NAMESERVERS:
        detail = f"must not have more than {NAMESERVERS} nameservers"
        yield invalid(f"{where}.nameservers", config.nameservers, detail)
    for index, address in enumerate(config.nameservers):
        for problem in check_ip(address):
            yield invalid(f"{where}.nameservers[{index}]", address, problem)
    if len(config.searches) > SEARCHES:
        yield invalid(
            f"{where}.searches", config.searches, f"must not have more than {SEARCHES} search paths"
        )
    if len(" ".join(config.searches)) > SEARCH_CHARACTERS:
        detail = (
            f"must not have more than {SEARCH_CHARACTERS} characters (including spaces) in the search list"
        )
        yield invalid(f"{where}.searches", config.searches, detail)
    for index, search in enumerate(config.searches):
        for problem in check_underscore_subdomain(search.removesuffix(".")) if search != "." else ():
            yield invalid(f"{where}.searches[{index}]", search, problem)
    for index, option in enumerate(config.options):
        if not option.name:
            yield required(f"{where}.options[{index}]", "must not be empty")


def _validate_sharing(spec: PodSpec, path: str) -> Iterator[FieldError]:
    """Namespaces of the node that a Pod shares."""
    if spec.shareProcessNamespace and spec.hostPID:
        detail = "ShareProcessNamespace and HostPID cannot both be enabled"
        yield invalid(f"{path}.shareProcessNamespace", True, detail)
    if spec.hostUsers is False:
        for field in ("hostNetwork", "hostPID", "hostIPC"):
            if getattr(spec, field):
                yield forbidden(f"{path}.{field}", "when `hostUsers` is false")
        for index, container in enumerate(spec.containers):
            if container.volumeDevices:
                yield forbidden(f"{path}.containers[{index}].volumeDevices", "when `hostUsers` is false")


def _validate_lists(spec: PodSpec, path: str) -> Iterator[FieldError]:
    gates: set[str] = set()
    for index, gate in enumerate(spec.schedulingGates):
        for problem in check_qualified_name(gate.name):
            yield invalid(f"{path}.schedulingGates[{index}]", gate.name, problem)
        if gate.name in gates:
            yield duplicate(f"{path}.schedulingGates[{index}]", gate.name)
        gates.add(gate.name)
    for index, readiness in enumerate(spec.readinessGates):
        for problem in check_qualified_name(readiness.conditionType):
            yield invalid(f"{path}.readinessGates[{index}].conditionType", readiness.conditionType, problem)
    for index, alias in enumerate(spec.hostAliases):
        for problem in check_ip(alias.ip):
            yield invalid(f"{path}.hostAliases[{index}].ip", alias.ip, problem)
        for at, hostname in enumerate(alias.hostnames):
            for problem in check_subdomain(hostname):
                yield invalid(f"{path}.hostAliases[{index}].hostnames[{at}]", hostname, problem)
    claims: set[str] = set()
    for index, claim in enumerate(spec.resourceClaims):
        where = f"{path}.resourceClaims[{index}]"
        if not claim.name:
            yield required(f"{where}.name")
        elif claim.name in claims:
            yield duplicate(f"{where}.name", claim.name)
        else:
            for problem in check_label(claim.name):
                yield invalid(f"{where}.name", claim.name, problem)
        claims.add(claim.name)
        if claim.resourceClaimName and claim.resourceClaimTemplateName:
            yield invalid(
                where,
                claim,
                "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified",
            )
        elif not claim.resourceClaimName and not claim.resourceClaimTemplateName:
            yield invalid(where, claim, CLAIM_SOURCES)


def _validate_pod_resources(spec: PodSpec, path: str) -> Iterator[FieldError]:
    """Of the whole Pod: at least what its containers ask for together."""
    yield from validate_requirements(spec.resources, path)
    for key, text in spec.resources.requests.items():
        total = _total(spec.containers, key)
        if quantity.parse(text) < total:
            detail = f"must be greater than or equal to aggregate container requests of {total}"
            yield invalid(f"{path}.requests[{key}]", text, detail)


def _total(containers: Iterable[Container], key: str) -> quantity.Quantity:
    total = quantity.ZERO
    for container in containers:
        amounts: Mapping[str, str] = container.resources.requests
        if key in amounts:
            total += quantity.parse(amounts[key])
    return total
