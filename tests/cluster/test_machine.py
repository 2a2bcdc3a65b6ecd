"""A whole cluster on this machine, as a new user meets it: real containers, unchanged kubectl.

One cluster for all tests here; they run in order, from `up` to `down --purge`.
"""

from __future__ import annotations

import collections
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.clients import fetch

from wherry.cluster.example import NODE_PORT, image

pytestmark = pytest.mark.machine

ROOT = Path(__file__).resolve().parents[2]
WAIT = 60.0


class Machine:
    """The cluster under test and the programs that speak to it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "c"
        self.home = folder
        self.kubectl_program = fetch() / "kubectl"
        self.environment = {**os.environ, "HOME": str(folder), "KUBECONFIG": str(folder / "config")}

    def wherry(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        command = [
            sys.executable,
            "-m",
            "wherry",
            *arguments,
            "--data-dir",
            str(self.data),
            "--name",
            "machine-test",
        ]
        return subprocess.run(
            command, capture_output=True, text=True, check=check, env=self.environment, timeout=180
        )

    def kubectl(self, *arguments: str, stdin: bytes = b"", check: bool = True) -> str:
        command = [str(self.kubectl_program), *arguments]
        done = subprocess.run(
            command, input=stdin, capture_output=True, check=False, env=self.environment, timeout=120
        )
        if check and done.returncode:
            raise AssertionError(f"{arguments}: {done.stderr.decode()}")
        return done.stdout.decode()

    def json(self, *arguments: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(self.kubectl(*arguments, "-o", "json"))
        return found

    def pods(self) -> list[str]:
        """Names of the example's Pods that are not on their way out."""
        items = json.loads(self.kubectl("get", "pods", "-l", "app=hello", "-o", "json"))["items"]
        return [pod["metadata"]["name"] for pod in items if "deletionTimestamp" not in pod["metadata"]]

    def pid(self, component: str) -> int:
        return int(json.loads((self.data / "run" / f"{component}.json").read_text())["pid"])

    def ready(self) -> None:
        self.kubectl("rollout", "status", "deployment/hello", "--timeout=60s")

    @property
    def url(self) -> str:
        return f"http://{self.kubectl('get', 'service', 'hello', '-o', 'jsonpath={.spec.clusterIP}')}/"


class Load:
    """Requests one after the other until the block ends, and at least so many."""

    def __init__(self, url: str, least: int = 1000) -> None:
        self.url = url
        self.least = least
        self.answers: collections.Counter[str] = collections.Counter()
        self.failures: list[str] = []
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def __enter__(self) -> Load:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        self.thread.join()

    def _run(self) -> None:
        while not self.over.is_set() or self.answers.total() + len(self.failures) < self.least:
            try:
                with urllib.request.urlopen(self.url, timeout=5) as answer:
                    self.answers[answer.read().decode().strip()] += 1
            except OSError as error:
                self.failures.append(str(error))


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if os.geteuid() != 0:
        pytest.skip("real containers need root")
    made = Machine(tmp_path_factory.mktemp("m"))
    try:
        yield made
    finally:
        made.wherry("down", "--purge", check=False)


def until(holds: object, seconds: float = WAIT) -> None:
    """Ask again until it holds: what is waited for happens in other processes."""
    assert callable(holds)
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"did not come true within {seconds} s"
        time.sleep(0.1)


def test_up_ends_with_the_example_running(machine: Machine) -> None:
    done = machine.wherry("up", "--example", "--output", "json")
    result = json.loads(done.stdout)
    assert result["stages"], done.stderr
    assert len(machine.pods()) == 3
    assert "Ready" in machine.kubectl("get", "nodes")


def test_a_second_up_finds_the_cluster_running(machine: Machine) -> None:
    assert json.loads(machine.wherry("up", "--output", "json").stdout)["found"] is True


def test_every_pod_is_reached_by_cluster_address_and_node_port(machine: Machine) -> None:
    node = machine.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}")
    for url in (machine.url, f"http://{node}:{NODE_PORT}/"):
        with Load(url, 60) as load:
            pass
        assert not load.failures
        assert {answer.split()[0] for answer in load.answers} == set(machine.pods())


def test_a_rolling_update_and_its_undoing_lose_no_request(machine: Machine) -> None:
    with Load(machine.url) as load:
        machine.kubectl("set", "image", "deployment/hello", f"hello={image('2')}")
        machine.ready()
        machine.kubectl("rollout", "undo", "deployment/hello")
        machine.ready()
    assert not load.failures
    assert {answer.split()[1] for answer in load.answers} == {"1", "2"}


def test_a_killed_container_starts_again(machine: Machine) -> None:
    pod = machine.pods()[0]
    machine.kubectl("exec", pod, "--", "kill", "-9", "-1", check=False)
    machine.kubectl("exec", pod, "--", "kill", "1", check=False)

    def restarted() -> bool:
        count = machine.kubectl(
            "get", "pod", pod, "-o", "jsonpath={.status.containerStatuses[0].restartCount}"
        )
        return count == "1"

    until(restarted)
    machine.ready()


def test_a_deleted_pod_is_replaced(machine: Machine) -> None:
    pod = machine.pods()[0]
    machine.kubectl("delete", "pod", pod)
    machine.ready()
    assert pod not in machine.pods()
    assert len(machine.pods()) == 3


def test_exec_takes_input_and_gives_output_and_exit_code(machine: Machine) -> None:
    pod = machine.pods()[0]
    data = os.urandom(1_000_000)
    assert machine.kubectl("exec", "-i", pod, "--", "wc", "-c", stdin=data).strip() == "1000000"
    command = [str(machine.kubectl_program), "exec", pod, "--", "sh", "-c", "echo out; echo err >&2; exit 7"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=machine.environment)
    assert (done.stdout, done.returncode) == ("out\n", 7)
    assert done.stderr.startswith("err\n")


def test_exec_on_a_terminal_has_one(machine: Machine) -> None:
    pod = machine.pods()[0]
    inner = f"{machine.kubectl_program} exec -it {pod} -- sh -c 'sleep 0.5; test -t 0 && stty size'"
    script = ["script", "-qec", f"stty rows 33 cols 101; {inner}", "/dev/null"]
    done = subprocess.run(
        script, capture_output=True, text=True, check=False, env=machine.environment, timeout=30
    )
    assert "33 101" in done.stdout


def test_logs_come_with_tail_and_follow(machine: Machine) -> None:
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "speaker"},
        "spec": {
            "restartPolicy": "Never",
            "containers": [
                {
                    "name": "c",
                    "image": image("1"),
                    "command": ["sh", "-c", "for i in 1 2 3; do echo line $i; sleep 0.5; done"],
                }
            ],
        },
    }
    machine.kubectl("apply", "-f", "-", stdin=json.dumps(manifest).encode())
    machine.kubectl("wait", "--for=jsonpath={.status.containerStatuses}", "pod/speaker", "--timeout=30s")
    until(lambda: "line 1" in machine.kubectl("logs", "speaker", check=False))
    assert machine.kubectl("logs", "-f", "speaker") == "line 1\nline 2\nline 3\n"
    assert machine.kubectl("logs", "--tail=1", "speaker") == "line 3\n"
    machine.kubectl("delete", "pod", "speaker")


def test_files_are_copied_both_ways(machine: Machine) -> None:
    pod = machine.pods()[0]
    source, back = machine.home / "source", machine.home / "back"
    source.write_bytes(os.urandom(300_000))
    machine.kubectl("cp", str(source), f"{pod}:/tmp/copied")
    machine.kubectl("cp", f"{pod}:/tmp/copied", str(back))
    assert back.read_bytes() == source.read_bytes()


def test_a_forwarded_port_leads_to_the_pod(machine: Machine) -> None:
    pod = machine.pods()[0]
    command = [str(machine.kubectl_program), "port-forward", f"pod/{pod}", ":8080"]
    forward = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=machine.environment)
    try:
        assert forward.stdout is not None
        port = int(forward.stdout.readline().split("127.0.0.1:")[1].split()[0])
        for _ in range(3):
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
                assert answer.read().decode().split()[0] == pod
    finally:
        forward.terminate()
        forward.communicate()


def test_a_host_port_leads_to_its_pod(machine: Machine) -> None:
    container = {"name": "c", "image": image("1"), "ports": [{"containerPort": 8080, "hostPort": 18080}]}
    manifest = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "ported"},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 0},
    }
    machine.kubectl("apply", "-f", "-", stdin=json.dumps(manifest).encode())
    machine.kubectl("wait", "--for=condition=Ready", "pod/ported", "--timeout=30s")
    node = machine.kubectl("get", "nodes", "-o", "jsonpath={.items[0].status.addresses[0].address}")

    def answers() -> bool:
        try:
            with urllib.request.urlopen(f"http://{node}:18080/", timeout=5) as answer:
                return bool(answer.read().decode().startswith("ported "))
        except OSError:
            return False  # Ready says that the container runs, not that it listens

    until(answers)
    machine.kubectl("delete", "pod", "ported")


@pytest.mark.parametrize("victim", ["controlplane", "node", "containerd"])
def test_pods_serve_on_while_a_component_is_killed_and_comes_back(machine: Machine, victim: str) -> None:
    before = machine.pods()
    machine.kubectl("create", "configmap", f"before-{victim}", "--from-literal=key=value")
    with Load(machine.url) as load:
        if victim == "containerd":
            pid = int(json.loads((machine.data / "containerd" / "containerd.pid").read_text())["pid"])
        else:
            pid = machine.pid(victim)
        os.kill(pid, signal.SIGKILL)
        time.sleep(1)
        machine.wherry("up")
        machine.ready()
        kept = machine.kubectl("get", "configmap", f"before-{victim}", "-o", "jsonpath={.data.key}")
    assert not load.failures
    assert kept == "value"
    assert machine.pods() == before
    counts = machine.kubectl(
        "get",
        "pods",
        "-l",
        "app=hello",
        "-o",
        "jsonpath={.items[*].status.containerStatuses[0].restartCount}",
    )
    assert set(counts.split()) == {"0"}


def test_down_with_purge_leaves_nothing(machine: Machine) -> None:
    machine.wherry("down", "--purge")
    data = str(machine.data)
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert not [line for line in left.splitlines() if data in line]
    assert data not in Path("/proc/self/mountinfo").read_text()
    tables = subprocess.run(["nft", "list", "tables"], capture_output=True, text=True, check=True).stdout
    assert "machine-test" not in tables
    rules = subprocess.run(["nft", "list", "ruleset"], capture_output=True, text=True, check=True).stdout
    assert "CNI-HOSTPORT" not in rules
    links = subprocess.run(["ip", "-o", "link"], capture_output=True, text=True, check=True).stdout
    assert "wherry-m" not in links
    assert not [path for path in Path("/sys/fs/cgroup").glob("**/wherry-machine-test*")]
    assert not machine.data.exists()
    assert not Path(machine.environment["KUBECONFIG"]).exists()
