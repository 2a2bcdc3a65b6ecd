"""DeviceClass: a kind of device that can be asked for."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.columns import AGE, NAME
from wherry.api.registry import resource
from wherry.api.resource.device import DeviceClassSpec
from wherry.machinery.errors import FieldError, invalid, required
from wherry.machinery.meta import Object
from wherry.machinery.names import check_qualified_name


def validate(new: DeviceClass, old: DeviceClass | None) -> Iterator[FieldError]:
    for index, selector in enumerate(new.spec.selectors):
        if selector.cel is None:
            yield required(f"spec.selectors[{index}].cel")
    for problem in (
        check_qualified_name(new.spec.extendedResourceName) if new.spec.extendedResourceName else ()
    ):
        yield invalid("spec.extendedResourceName", new.spec.extendedResourceName, problem)


@resource("resource.k8s.io/v1", "deviceclasses", validate=validate, columns=(NAME, AGE), generation=True)
class DeviceClass(Object):
    spec: DeviceClassSpec = DeviceClassSpec()
