"""APIService: a group and version that another server answers for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.conditions import find_condition
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_label_1035
from wherry.machinery.schema import Atomic, Bytes, Int32, ListMap, Merge, Part, Time


class APIServiceCondition(Part):
    lastTransitionTime: Time = ""
    message: str = ""
    reason: str = ""
    status: str = ""
    type: str = ""


class ServiceReference(Part):
    name: str = ""
    namespace: str = ""
    port: Int32 = 443


class APIServiceSpec(Part):
    caBundle: Annotated[Bytes, Atomic()] = ""
    group: str = ""
    groupPriorityMinimum: Int32 = 0
    insecureSkipTLSVerify: bool = False
    service: ServiceReference | None = None
    version: str = ""
    versionPriority: Int32 = 0


class APIServiceStatus(Part):
    conditions: Annotated[tuple[APIServiceCondition, ...], ListMap("type"), Merge("merge", "type")] = ()


def _service(found: APIService) -> str:
    service = found.spec.service
    return f"{service.namespace}/{service.name}" if service is not None else "Local"


def _available(found: APIService) -> str:
    condition = find_condition(found.status.conditions, "Available")
    if condition is None:
        return "Unknown"
    return "True" if condition.status == "True" else f"{condition.status} ({condition.reason})"


def validate(new: APIService, old: APIService | None) -> Iterator[FieldError]:
    spec, name = new.spec, new.metadata.name
    wanted = f"{spec.version}.{spec.group}"
    if name != wanted:
        yield invalid("metadata.name", name, f'must be `spec.version+"."+spec.group`: "{wanted}"')
    if not spec.group and spec.version != "v1":
        yield required("spec.group", "only v1 may have an empty group and it better be legacy kube")
    for problem in check_label_1035(spec.version):
        yield invalid("spec.version", spec.version, problem)
    if not 0 < spec.groupPriorityMinimum <= 20_000:
        yield invalid(
            "spec.groupPriorityMinimum", spec.groupPriorityMinimum, "must be positive and less than 20000"
        )
    if not 0 < spec.versionPriority <= 1000:
        yield invalid("spec.versionPriority", spec.versionPriority, "must be positive and less than 1000")
    if spec.service is None:
        if spec.caBundle:
            yield invalid(
                "spec.caBundle", f"{len(spec.caBundle)} bytes", "local APIServices may not have a caBundle"
            )
        if spec.insecureSkipTLSVerify:
            detail = "local APIServices may not have insecureSkipTLSVerify"
            yield invalid("spec.insecureSkipTLSVerify", True, detail)
        return
    for field in ("namespace", "name"):
        if not getattr(spec.service, field):
            yield required(f"spec.service.{field}")
    if spec.insecureSkipTLSVerify and spec.caBundle:
        detail = "may not be true if caBundle is present"
        yield invalid("spec.insecureSkipTLSVerify", True, detail)


@resource(
    "apiregistration.k8s.io/v1",
    "apiservices",
    validate=validate,
    columns=(NAME, column("Service", _service), column("Available", _available), AGE),
    needs_version=True,
)
class APIService(Object):
    spec: APIServiceSpec = APIServiceSpec()
    status: APIServiceStatus = APIServiceStatus()
