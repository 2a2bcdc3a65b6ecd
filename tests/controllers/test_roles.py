"""Roles follow from what controllers say about themselves."""

from __future__ import annotations

import pytest

from wherry.controllers.contract import CONTROLLERS, controller
from wherry.controllers.replicaset import reconcile
from wherry.controllers.roles import EVENTS, role_name, rules


def test_reads_what_it_sees_and_writes_what_it_says() -> None:
    rs = CONTROLLERS["replicaset-controller"]
    found = {(each.apiGroups, each.resources): set(each.verbs) for each in rules([rs])}
    assert found[("apps",), ("replicasets",)] == {"get", "list", "watch", "update"}
    assert found[("apps",), ("replicasets/status",)] == {"update"}
    assert found[("",), ("pods",)] == {"get", "list", "watch", "create", "delete", "patch"}
    assert rules([rs])[-1] == EVENTS
    assert role_name(rs) == "system:controller:replicaset-controller"


def test_no_two_controllers_have_one_name() -> None:
    assert reconcile is CONTROLLERS["replicaset-controller"].reconcile
    with pytest.raises(ValueError, match="registered twice"):
        controller("replicaset-controller", reconciles=CONTROLLERS["replicaset-controller"].reconciles)(
            reconcile
        )
