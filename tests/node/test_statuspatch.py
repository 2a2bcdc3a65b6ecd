"""Status patch: only differences are told, what is gone is said to be gone, others' conditions stay."""

from __future__ import annotations

from wherry.api.core.podstatus import (
    ContainerState,
    ContainerStateTerminated,
    ContainerStatus,
    PodCondition,
    PodIP,
    PodStatus,
)
from wherry.machinery.schema import edit
from wherry.node.statuspatch import overlaid, status_patch

READY = PodCondition(type="Ready", status="True")
GATE = PodCondition(type="example.com/gate", status="True")


def test_nothing_new_is_nothing_to_tell() -> None:
    status = PodStatus(phase="Running", conditions=(READY,))
    assert status_patch(status, status, "u") is None


def test_what_is_gone_is_null() -> None:
    patch = status_patch(PodStatus(phase="Failed", reason="x"), PodStatus(phase="Failed"), "u")
    assert patch == {"metadata": {"uid": "u"}, "status": {"reason": None}}


def test_addresses_are_replaced_not_merged() -> None:
    old = PodStatus(podIP="10.0.0.1", podIPs=(PodIP(ip="10.0.0.1"),))
    patch = status_patch(old, PodStatus(podIP="10.0.0.2", podIPs=(PodIP(ip="10.0.0.2"),)), "u")
    assert patch is not None
    assert patch["status"]["podIPs"] == [{"ip": "10.0.0.2"}, {"$patch": "replace"}]


def test_only_own_conditions_that_changed_are_told() -> None:
    old = PodStatus(conditions=(edit(READY, status="False", reason="ContainersNotReady"), GATE))
    new = PodStatus(conditions=(READY, edit(GATE, status="False")))
    patch = status_patch(old, new, "u")
    assert patch is not None
    assert patch["status"]["conditions"] == [{"type": "Ready", "status": "True", "reason": None}]


def test_containers_show_their_zeros() -> None:
    patch = status_patch(PodStatus(), PodStatus(containerStatuses=(ContainerStatus(name="c"),)), "u")
    assert patch is not None
    assert patch["status"]["containerStatuses"] == [
        {"name": "c", "restartCount": 0, "image": "", "imageID": "", "ready": False, "lastState": {}}
    ]


def test_an_exit_code_of_zero_is_told() -> None:
    state = ContainerState(terminated=ContainerStateTerminated(reason="Completed"))
    patch = status_patch(
        PodStatus(), PodStatus(containerStatuses=(ContainerStatus(name="c", state=state),)), "u"
    )
    assert patch is not None
    assert patch["status"]["containerStatuses"][0]["state"] == {
        "terminated": {"exitCode": 0, "reason": "Completed"}
    }


def test_what_others_write_is_kept() -> None:
    own = PodStatus(phase="Running", conditions=(READY,))
    api = PodStatus(phase="Pending", nominatedNodeName="n2", conditions=(GATE,))
    found = overlaid(api, own)
    assert (found.phase, found.nominatedNodeName) == ("Running", "n2")
    assert {condition.type for condition in found.conditions} == {"Ready", "example.com/gate"}
    assert overlaid(api, None) == api
