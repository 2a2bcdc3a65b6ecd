"""Security: the container's word counts before the pod's, and root is kept out where it must be."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from wherry.api.core.pod import Pod
from wherry.node.runtimes.interface import Image, NamespaceMode, ProfileType, SecurityContext
from wherry.node.security import NotAllowed, container_security, namespaces, sandbox_security

ROOT = Image(id="i", uid=0)


def pod(shared: dict[str, Any] | None = None, own: dict[str, Any] | None = None, **spec: Any) -> Pod:
    tree: dict[str, Any] = {"containers": [{"name": "c", "securityContext": own or {}}], **spec}
    tree["securityContext"] = shared or {}
    return msgspec.convert({"metadata": {"name": "p", "namespace": "n", "uid": "u"}, "spec": tree}, Pod)


def context(wanted: Pod, image: Image = ROOT) -> SecurityContext:
    return container_security(wanted.spec.containers[0], wanted, image, "/profiles")


def test_the_containers_user_counts_before_the_pods_and_the_images() -> None:
    assert context(pod({"runAsUser": 5}, {"runAsUser": 6})).run_as_user == 6
    assert context(pod({"runAsUser": 5})).run_as_user == 5
    assert context(pod(), Image(id="i", uid=7)).run_as_user == 7
    assert context(pod(), Image(id="i", username="nobody")).run_as_username == "nobody"


@pytest.mark.parametrize(
    ("own", "image", "words"),
    [
        ({"runAsUser": 0}, ROOT, "container's runAsUser breaks non-root policy"),
        ({}, ROOT, "container has runAsNonRoot and image will run as root"),
        ({}, Image(id="i", username="app"), "image has non-numeric user"),
    ],
)
def test_who_must_not_be_root_is_not(own: dict[str, Any], image: Image, words: str) -> None:
    with pytest.raises(NotAllowed, match=words):
        context(pod({"runAsNonRoot": True}, own), image)


def test_a_numbered_user_may_run_as_non_root() -> None:
    assert context(pod({"runAsNonRoot": True}), Image(id="i", uid=7)).run_as_user == 7


def test_privileges_capabilities_and_groups() -> None:
    own = {
        "privileged": False,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
        "seccompProfile": {"type": "Localhost", "localhostProfile": "p.json"},
    }
    found = context(pod({"fsGroup": 9, "supplementalGroups": [8]}, own))
    assert found.no_new_privs
    assert found.readonly_rootfs
    assert (found.add_capabilities, found.drop_capabilities) == (("NET_ADMIN",), ("ALL",))
    assert found.supplemental_groups == (8, 9)
    assert found.seccomp is not None
    assert (found.seccomp.type, found.seccomp.localhost_ref) == (ProfileType.LOCALHOST, "/profiles/p.json")
    assert "/proc/kcore" in found.masked_paths


def test_a_privileged_container_sees_everything_and_so_may_its_sandbox() -> None:
    wanted = pod(own={"privileged": True})
    assert context(wanted).masked_paths == ()
    assert sandbox_security(wanted).privileged


def test_namespaces() -> None:
    assert namespaces(pod()).pid is NamespaceMode.CONTAINER
    assert namespaces(pod(shareProcessNamespace=True)).pid is NamespaceMode.POD
    assert namespaces(pod(hostPID=True, hostNetwork=True)).network is NamespaceMode.NODE
    joined = namespaces(pod(), target="abc")
    assert (joined.pid, joined.target) == (NamespaceMode.TARGET, "abc")
