"""A cluster of real containers under load for minutes, in which every process is killed now and then.

One cluster for all tests here; they run in order.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from tests.cluster.test_machine import Load, Machine, until

from wherry.cluster.config import Config, load
from wherry.cluster.example import image
from wherry.cluster.nodeprocess import runtime_of
from wherry.cluster.processes import start_time
from wherry.network.pods import bridge_name
from wherry.node.runtimes.interface import Container, ContainerState, Sandbox, SandboxStatus

pytestmark = [pytest.mark.machine, pytest.mark.long]

NAME = "soak-test"
SECONDS = 180.0
KILLED = ("controlplane", "node", "containerd")
CALM_ROLLOUTS = 6


class Soak(Machine):
    """The same under a name of its own."""

    def wherry(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        place = ["--data-dir", str(self.data), "--name", NAME]
        command = [sys.executable, "-m", "wherry", *arguments, *place]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=self.environment, timeout=180
        )
        if check and done.returncode:
            raise AssertionError(f"{arguments}: {done.stdout}{done.stderr}")
        return done

    @property
    def config(self) -> Config:
        return load({"name": NAME, "data_dir": self.data})

    def process(self, component: str) -> int:
        if component == "containerd":
            return int(json.loads((self.data / "containerd" / "containerd.pid").read_text())["pid"])
        return self.pid(component)

    def kill(self, component: str) -> None:
        """SIGKILL, and what a person does then."""
        until(lambda: start_time(self.process(component)))  # it may be on its way back from the last time
        os.kill(self.process(component), signal.SIGKILL)
        self.wherry("up")

    def roll(self, version: str) -> None:
        self.kubectl("set", "image", "deployment/hello", f"hello={image(version)}")
        self.kubectl("rollout", "status", "deployment/hello", "--timeout=120s")

    def settled(self) -> None:
        """All is ready, and what was on its way out is gone."""
        self.kubectl("rollout", "status", "deployment/hello", "--timeout=120s")
        until(lambda: len(self.all_pods()) == 3)

    def all_pods(self) -> list[str]:
        return self.kubectl("get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.uid}").split()


@pytest.fixture(scope="module")
def soak(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Soak]:
    if os.geteuid() != 0:
        pytest.skip("real containers need root")
    made = Soak(tmp_path_factory.mktemp("s"))
    try:
        made.wherry("up", "--example")
        yield made
    finally:
        made.wherry("down", "--purge", check=False)


async def runtimes_view(config: Config) -> tuple[Sequence[SandboxStatus], Sequence[Container]]:
    runtime = await runtime_of(config)
    try:
        sandboxes: Sequence[Sandbox] = await runtime.list_sandboxes()
        found = [await runtime.sandbox_status(each.id) for each in sandboxes]
        return found, await runtime.list_containers()
    finally:
        await runtime.close()


def output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_no_request_fails_while_every_part_is_killed(soak: Soak) -> None:
    """Rollouts, and deaths of agent, container runtime and control plane, in any order."""
    chance = random.Random(1)
    version = "1"
    done: list[str] = []
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline or len(set(done)) < 1 + len(KILLED):
        what = chance.choice(("roll", *KILLED, "both"))
        with Load(soak.url, 1) as load:
            if what in KILLED:
                soak.kill(what)
            else:
                version = "2" if version == "1" else "1"
                soak.kubectl("set", "image", "deployment/hello", f"hello={image(version)}")
                if what == "both":  # in the middle of a rollout
                    time.sleep(chance.random() * 4)
                    soak.kill(chance.choice(KILLED))
            soak.settled()
        done.append(what)
        assert not load.failures, f"{done}: {load.failures[:3]}"


def test_killed_containers_come_back_each_time(soak: Soak) -> None:
    """Who is killed loses what it was answering; the others serve on."""
    for _ in range(3):
        soak.settled()
        victim = random.Random(2).choice(soak.pods())
        with Load(soak.url, 1) as load:
            soak.kubectl("exec", victim, "--", "kill", "-9", "-1", check=False)
            soak.kubectl("exec", victim, "--", "kill", "1", check=False)
            time.sleep(3)
            soak.settled()
        assert load.answers.total() > 10 * len(load.failures)


def test_what_the_runtime_has_is_what_the_api_shows(soak: Soak) -> None:
    soak.settled()
    pods = {each["metadata"]["uid"]: each for each in soak.json("get", "pods", "-A")["items"]}  # type: ignore[attr-defined]  # JSON

    def left_over() -> str:
        sandboxes, containers = asyncio.run(runtimes_view(soak.config))
        owners = {each.id: each.uid for each in sandboxes}
        if strangers := set(owners.values()) - set(pods):
            return f"sandboxes of Pods that are gone: {strangers}"
        if len(sandboxes) != len(pods):
            return f"{len(sandboxes)} sandboxes for {len(pods)} Pods"
        running = [owners[each.sandbox] for each in containers if each.state == ContainerState.RUNNING]
        if sorted(running) != sorted(pods):
            return f"containers run for {running}"
        if len(containers) > 2 * len(pods):  # one dead one is kept to be looked at
            return f"{len(containers)} containers"
        return ""

    until(lambda: not left_over(), 90)


def test_nothing_is_left_of_networks_rules_and_cgroups(soak: Soak) -> None:
    soak.settled()
    sandboxes, _ = asyncio.run(runtimes_view(soak.config))
    addresses = {address for each in sandboxes for address in each.ips}
    folder = Path(sandboxes[0].netns).parent
    assert sorted(folder.iterdir()) == sorted(Path(each.netns) for each in sandboxes)
    context = soak.config.context
    bridge = bridge_name(context)
    ports = [line for line in output("ip", "-o", "link").splitlines() if f"master {bridge}" in line]
    assert len(ports) == len(sandboxes)
    groups = {path.name for path in Path("/sys/fs/cgroup").glob(f"**/{context}/**/*pod*") if path.is_dir()}
    uids = {each.uid for each in sandboxes}
    assert {name for name in groups if not any(uid in name.replace("_", "-") for uid in uids)} == set()
    rules = output("nft", "list", "table", "inet", context)
    pods = ".".join(soak.config.cluster_cidr.split(".")[:2]) + "."
    named = {word.strip(",;") for word in rules.split() if word.startswith(pods) and "/" not in word}
    assert named <= addresses, f"rules lead to Pods that are gone: {named - addresses}"


def test_processes_do_not_grow_with_what_they_have_done(soak: Soak) -> None:
    def sizes() -> dict[str, tuple[int, int]]:
        found = {}
        for component in KILLED:
            pid = soak.process(component)
            status = Path(f"/proc/{pid}/status").read_text()
            resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
            found[component] = (len(os.listdir(f"/proc/{pid}/fd")), int(resident.split()[1]) // 1024)
        return found

    for version in ("1", "2"):  # what is only made once is made by now
        soak.roll(version)
    soak.settled()
    before = sizes()
    for number in range(CALM_ROLLOUTS):
        soak.roll("12"[number % 2])
    soak.settled()
    after = sizes()
    for component, (files, megabytes) in after.items():
        assert files <= before[component][0] + 10, f"{component}: {before} {after}"
        assert megabytes <= before[component][1] + 15, f"{component}: {before} {after}"


def test_down_with_purge_leaves_nothing(soak: Soak) -> None:
    context, data = soak.config.context, str(soak.data)
    bridge = bridge_name(context)
    soak.wherry("down", "--purge")
    assert not [line for line in output("ps", "-eo", "args").splitlines() if data in line]
    assert data not in Path("/proc/self/mountinfo").read_text()
    assert context not in output("nft", "list", "tables")
    assert bridge not in output("ip", "-o", "link")
    assert not [path for path in Path("/sys/fs/cgroup").glob(f"**/{context}*")]
    assert not soak.data.exists()
