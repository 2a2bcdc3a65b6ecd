"""APIService: a group and version that another server answers for."""

from __future__ import annotations

from typing import Annotated

from wherry.api.columns import AGE, NAME, column
from wherry.api.registry import resource
from wherry.machinery.conditions import find_condition
from wherry.machinery.meta import Object
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


@resource(
    "apiregistration.k8s.io/v1",
    "apiservices",
    columns=(NAME, column("Service", _service), column("Available", _available), AGE),
    needs_version=True,
)
class APIService(Object):
    spec: APIServiceSpec = APIServiceSpec()
    status: APIServiceStatus = APIServiceStatus()
