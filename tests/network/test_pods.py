"""A node's pod network: its configuration, and the CNI plugins at work with it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from tests.network.conftest import RANGES, Lab, Server

from wherry.network import pods, sysctls
from wherry.network.errors import NetworkError
from wherry.network.forwarding import missing, ours
from wherry.network.pods import PodNetwork, bridge_name, check_plugins, conflist, rules

PLUGIN_FOLDERS = (Path("/opt/cni/bin"), Path("/usr/lib/cni"))
NETWORK = PodNetwork("wherry", ("10.42.1.0/24",), RANGES, Path("/state"), Path("/cni"))


def test_bridges_have_the_clusters_name_as_far_as_it_fits() -> None:
    assert bridge_name("wherry") == "wherry0"
    long = {bridge_name("wherry-a-long-name"), bridge_name("wherry-another-long-name")}
    assert len(long) == 2
    assert all(len(name) <= 15 for name in long)


def test_pods_get_addresses_out_of_the_nodes_ranges() -> None:
    (bridge, ports) = conflist(NETWORK)["plugins"]
    assert bridge["ipam"]["ranges"] == [[{"subnet": "10.42.1.0/24"}]]
    assert bridge["ipMasq"] is False
    assert ports["capabilities"] == {"portMappings": True}
    assert NETWORK.gateways == ("10.42.1.1/24",)


def test_only_traffic_that_leaves_the_cluster_is_masqueraded() -> None:
    text = rules(NETWORK, bridge_netfilter=True)
    assert "ip saddr { 10.42.1.0/24 } ip daddr != { 10.42.0.0/16 }" in text
    assert "ct status dnat" not in text
    assert "ct status dnat" in rules(NETWORK, bridge_netfilter=False)


def test_says_which_package_has_the_plugins(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="containernetworking-plugins"):
        check_plugins([tmp_path])


def test_exceptions_are_made_only_where_the_host_drops() -> None:
    assert list(missing("-P FORWARD ACCEPT\n", "wherry0")) == []
    docker = "-P FORWARD DROP\n-A FORWARD -j DOCKER-USER\n"
    added = list(missing(docker, "wherry0"))
    assert [arguments[:4] for arguments in added] == [
        ("-I", "FORWARD", "-i", "wherry0"),
        ("-I", "FORWARD", "-o", "wherry0"),
    ]
    lines = "".join("-A " + " ".join(arguments[1:]) + "\n" for arguments in added)
    assert list(missing(docker + lines, "wherry0")) == []
    assert [each[0] for each in ours(docker + lines, "wherry0")] == ["-D", "-D"]


def test_settings_are_set_back_unless_somebody_changed_them_since(tmp_path: Path) -> None:
    proc, memory = tmp_path / "proc", tmp_path / "state" / "memory.json"
    proc.mkdir()
    for name, value in (("a", "0"), ("b", "0"), ("c", "1")):
        (proc / name).write_text(value + "\n")
    sysctls.apply({"a": "1", "b": "1", "c": "1", "not-here": "1"}, memory, proc)
    assert [(proc / name).read_text().strip() for name in "abc"] == ["1", "1", "1"]
    sysctls.apply({"a": "1"}, memory, proc)  # again, after a restart
    (proc / "b").write_text("2")
    sysctls.restore(memory, proc)
    assert [(proc / name).read_text().strip() for name in "abc"] == ["0", "2", "1"]


@pytest.mark.machine
def test_the_plugins_attach_pods_to_the_network(lab: Lab) -> None:
    folder = check_plugins(PLUGIN_FOLDERS)
    subprocess.run(["ip", "netns", "add", lab.at("cni")], check=True)
    lab.namespaces.append(lab.at("cni"))
    network = lab.network
    (bridge, _) = json.loads(network.conflist.read_text())["plugins"]
    config = json.dumps(bridge | {"cniVersion": "1.0.0", "name": network.name})
    environment = {
        "CNI_CONTAINERID": "c1",
        "CNI_NETNS": f"/run/netns/{lab.at('cni')}",
        "CNI_IFNAME": "eth0",
        "CNI_PATH": str(folder),
        "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    }

    def call(command: str) -> str:
        done = subprocess.run(
            ["nsenter", f"--net=/run/netns/{lab.at('node')}", str(folder / "bridge")],
            input=config,
            env=environment | {"CNI_COMMAND": command},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    ips = json.loads(call("ADD"))["ips"]
    assert [each["gateway"] for each in ips] == ["10.42.0.1", "fd42::1"]
    lab.serve(1)
    assert lab.tcp("cni", "10.42.0.11", 8080)[1] == ips[0]["address"].partition("/")[0]
    lab.servers.append(Server(lab.at("out"), "out", "203.0.113.9"))
    assert lab.tcp("cni", "203.0.113.9", 8080) == ("out", "203.0.113.2")  # it knows no way to pods
    lab.remove()
    assert "veth" not in lab.shell("node", "ip", "link")
    assert not network.leases.exists()


@pytest.mark.machine
def test_up_may_be_called_again(lab: Lab) -> None:
    def address() -> str:
        return lab.shell("node", "ip", "-br", "link", "show", "dev", lab.network.bridge).split()[2]

    before = address()
    lab.do(pods.up(replace(lab.network, mtu=1400)))
    assert address() == before
    assert "mtu 1400" in lab.shell("node", "ip", "link", "show", "dev", lab.network.bridge)
