"""DeviceClass: a kind of device that can be asked for."""

from __future__ import annotations

from wherry.api.columns import AGE, NAME
from wherry.api.registry import resource
from wherry.api.resource.device import DeviceClassSpec
from wherry.machinery.meta import Object


@resource("resource.k8s.io/v1", "deviceclasses", columns=(NAME, AGE), generation=True)
class DeviceClass(Object):
    spec: DeviceClassSpec = DeviceClassSpec()
