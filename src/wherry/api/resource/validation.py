"""Device validation: how devices may be asked for."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.resource.device import DeviceClaim, DeviceRequest, DeviceSubRequest, ExactDeviceRequest
from wherry.machinery.errors import FieldError, duplicate, invalid, not_supported, required
from wherry.machinery.names import check_label, check_subdomain

MODES = ("All", "ExactCount")


def validate_devices(claim: DeviceClaim | None, path: str) -> Iterator[FieldError]:
    if claim is None:
        return
    names: set[str] = set()
    for index, request in enumerate(claim.requests):
        where = f"{path}.requests[{index}]"
        for problem in check_label(request.name):
            yield invalid(f"{where}.name", request.name, problem)
        if request.name in names:
            yield duplicate(where, request.name)
        names.add(request.name)
        yield from _validate_request(request, where)
    for field in ("constraints", "config"):
        for index, part in enumerate(getattr(claim, field)):
            for at, name in enumerate(part.requests):
                if name.partition("/")[0] not in names:
                    detail = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
                    yield invalid(f"{path}.{field}[{index}].requests[{at}]", name, detail)


def _validate_request(request: DeviceRequest, path: str) -> Iterator[FieldError]:
    if (request.exactly is None) is (not request.firstAvailable):
        detail = "exactly one of `exactly` or `firstAvailable` is required"
        yield required(path, detail) if request.exactly is None else invalid(path, "", detail)
    if request.exactly is not None:
        yield from _validate_ask(request.exactly, f"{path}.exactly")
    for index, sub in enumerate(request.firstAvailable):
        where = f"{path}.firstAvailable[{index}]"
        for problem in check_label(sub.name):
            yield invalid(f"{where}.name", sub.name, problem)
        yield from _validate_ask(sub, where)


def _validate_ask(ask: ExactDeviceRequest | DeviceSubRequest, path: str) -> Iterator[FieldError]:
    if not ask.deviceClassName:
        yield required(f"{path}.deviceClassName")
    for problem in check_subdomain(ask.deviceClassName) if ask.deviceClassName else ():
        yield invalid(f"{path}.deviceClassName", ask.deviceClassName, problem)
    count = ask.count or 0
    if ask.allocationMode not in MODES:
        yield not_supported(f"{path}.allocationMode", ask.allocationMode, MODES)
    elif ask.allocationMode == "All" and count:
        yield invalid(f"{path}.count", count, "must not be specified when allocationMode is 'All'")
    elif ask.allocationMode == "ExactCount" and count <= 0:
        yield invalid(f"{path}.count", count, "must be greater than zero")
