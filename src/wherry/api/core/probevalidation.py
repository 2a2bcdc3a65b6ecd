"""Probe validation: what may be asked of a container, and done when it starts and ends."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.core.container import HTTPGetAction, Lifecycle, LifecycleHandler, Probe
from wherry.api.rules import NOT_NEGATIVE
from wherry.machinery.errors import FieldError, forbidden, invalid, required
from wherry.machinery.names import check_header_name, check_port, check_port_name

HANDLERS = ("exec", "httpGet", "tcpSocket", "grpc", "sleep")


def validate_port_or_name(port: int | str | None, path: str) -> Iterator[FieldError]:
    value = 0 if port is None else port
    for problem in check_port(value) if isinstance(value, int) else check_port_name(value):
        yield invalid(path, value, problem)


def _validate_http(action: HTTPGetAction, path: str) -> Iterator[FieldError]:
    if not action.path:
        yield required(f"{path}.path")
    yield from validate_port_or_name(action.port, f"{path}.port")
    for index, header in enumerate(action.httpHeaders):
        for problem in check_header_name(header.name):
            yield invalid(f"{path}.httpHeaders[{index}].name", header.name, problem)


def validate_handler(handler: Probe | LifecycleHandler, path: str) -> Iterator[FieldError]:
    """Exactly one thing to do, and that in full."""
    found = [name for name in HANDLERS if getattr(handler, name, None) is not None]
    if not found:
        yield required(path, "must specify a handler type")
    for name in found[1:]:
        yield forbidden(f"{path}.{name}", "may not specify more than 1 handler type")
    if handler.exec is not None and not handler.exec.command:
        yield required(f"{path}.exec.command")
    if handler.httpGet is not None:
        yield from _validate_http(handler.httpGet, f"{path}.httpGet")
    if handler.tcpSocket is not None:
        yield from validate_port_or_name(handler.tcpSocket.port, f"{path}.tcpSocket.port")
    if isinstance(handler, Probe) and handler.grpc is not None:
        for problem in check_port(handler.grpc.port):
            yield invalid(f"{path}.grpc.port", handler.grpc.port, problem)


def validate_probe(probe: Probe | None, path: str, *, kind: str, grace: int) -> Iterator[FieldError]:
    """kind: liveness, readiness or startup. grace: the Pod's terminationGracePeriodSeconds."""
    if probe is None:
        return
    yield from validate_handler(probe, path)
    for field in (
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ):
        value = getattr(probe, field)
        if value is not None and value < 0:
            yield invalid(f"{path}.{field}", value, NOT_NEGATIVE)
    if kind != "readiness" and probe.successThreshold != 1:
        yield invalid(f"{path}.successThreshold", probe.successThreshold, "must be 1")
    own = probe.terminationGracePeriodSeconds
    if own is None:
        return
    if kind == "readiness":
        yield invalid(f"{path}.terminationGracePeriodSeconds", own, "must not be set for readinessProbes")
    elif own <= 0:
        yield invalid(f"{path}.terminationGracePeriodSeconds", own, "must be greater than 0")


def validate_lifecycle(lifecycle: Lifecycle | None, path: str, grace: int) -> Iterator[FieldError]:
    if lifecycle is None:
        return
    for name, handler in (("postStart", lifecycle.postStart), ("preStop", lifecycle.preStop)):
        if handler is None:
            continue
        yield from validate_handler(handler, f"{path}.{name}")
        if handler.sleep is not None and not 0 <= handler.sleep.seconds <= grace:
            detail = (
                "must be non-negative and less than terminationGracePeriodSeconds "
                f"({grace}). Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep."
            )
            yield invalid(f"{path}.{name}.sleep", handler.sleep.seconds, detail)
