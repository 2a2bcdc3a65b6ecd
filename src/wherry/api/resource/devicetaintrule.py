"""DeviceTaintRule: keeps Pods off devices."""

from __future__ import annotations

from wherry.api.registry import resource
from wherry.api.resource.device import DeviceTaintRuleSpec, DeviceTaintRuleStatus
from wherry.machinery.meta import Object


@resource("resource.k8s.io/v1", "devicetaintrules")
class DeviceTaintRule(Object):
    spec: DeviceTaintRuleSpec = DeviceTaintRuleSpec()
    status: DeviceTaintRuleStatus = DeviceTaintRuleStatus()
