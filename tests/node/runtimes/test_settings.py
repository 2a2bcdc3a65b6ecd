"""The configuration of a containerd of our own."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.node.runtimes.settings import (
    CAP_SYS_RESOURCE,
    Host,
    Settings,
    config_text,
    filesystem_of,
    has_capability,
)

SETTINGS = Settings(
    folder="/var/lib/wherry/node",
    cni_conf_dir="/var/lib/wherry/node/cni",
    cni_bin_dir="/opt/cni/bin",
    sandbox_image="localhost/wherry/pause:1",
)
CRI = "io.containerd.grpc.v1.cri"


def test_everything_is_below_the_folder() -> None:
    config = tomllib.loads(config_text(SETTINGS, Host()))
    places = [config["root"], config["state"], config["grpc"]["address"], config["ttrpc"]["address"]]
    places += [config["plugins"]["io.containerd.internal.v1.opt"]["path"]]
    assert all(place.startswith("/var/lib/wherry/node/") for place in places)
    assert len(set(places)) == 5


def test_an_ordinary_host_uses_all_it_has() -> None:
    plugin = tomllib.loads(config_text(SETTINGS, Host()))["plugins"][CRI]
    assert plugin["restrict_oom_score_adj"] is False
    assert plugin["disable_apparmor"] is False
    assert plugin["containerd"]["snapshotter"] == "overlayfs"
    assert plugin["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"] is True
    assert plugin["cni"] == {"bin_dir": "/opt/cni/bin", "conf_dir": "/var/lib/wherry/node/cni"}
    assert plugin["registry"]["config_path"] == "/var/lib/wherry/node/certs.d"


def test_a_confined_host_is_told_what_it_lacks() -> None:
    bare = Host(lowers_oom_score=False, systemd=False, apparmor=False, overlayfs=False)
    plugin = tomllib.loads(config_text(SETTINGS, bare))["plugins"][CRI]
    assert plugin["restrict_oom_score_adj"] is True
    assert plugin["disable_apparmor"] is True
    assert plugin["containerd"]["snapshotter"] == "native"
    assert plugin["containerd"]["runtimes"]["runc"]["options"]["SystemdCgroup"] is False


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"])))
def test_any_folder_survives_the_quoting(name: str) -> None:
    settings = Settings(folder=f"/{name}", cni_conf_dir="/c", cni_bin_dir="/b", sandbox_image="p")
    assert tomllib.loads(config_text(settings, Host()))["root"] == f"/{name}/root"


@pytest.mark.parametrize(("mask", "there"), [("000001fffeffffff", False), ("000001ffffffffff", True)])
def test_a_capability_is_read_from_the_mask(mask: str, there: bool) -> None:
    assert has_capability(f"Name:\tx\nCapPrm:\tffff\nCapEff:\t{mask}\n", CAP_SYS_RESOURCE) is there


def test_the_innermost_mount_tells_the_file_system() -> None:
    mounts = (
        "1 0 0:1 / / rw - overlay overlay rw\n"
        "2 1 0:2 / /var rw shared:1 - ext4 /dev/sda rw\n"
        "3 1 0:3 / /variable rw - tmpfs tmpfs rw\n"
    )
    assert filesystem_of("/var/lib/wherry", mounts) == "ext4"
    assert filesystem_of("/var", mounts) == "ext4"
    assert filesystem_of("/variables", mounts) == "overlay"
