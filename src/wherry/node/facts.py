"""Facts: what is known of one pod on this node, and what can be done about it. Frozen, no I/O.

The agent gathers `Seen`, the lifecycle answers with a `Plan` of instructions, the agent carries them out.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum

from wherry.api.core.pod import Pod
from wherry.api.core.podstatus import PodStatus
from wherry.node.runtimes.interface import ContainerState, Value


class Kind(Enum):
    """The part a container plays in its pod."""

    INIT = "init"
    SIDECAR = "sidecar"  # an init container that is always restarted
    MAIN = "main"
    EPHEMERAL = "ephemeral"


class Box(Value):
    """One sandbox of the pod."""

    id: str
    attempt: int = 0
    ready: bool = True
    ips: tuple[str, ...] = ()
    created_at: datetime | None = None


class Run(Value):
    """One instance of a container. `backoff` is how long its restart must wait, in seconds."""

    id: str
    name: str
    box: str
    attempt: int = 0
    state: ContainerState = ContainerState.RUNNING
    created_at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    image: str = ""
    image_ref: str = ""
    hash: str = ""
    backoff: float = 0


class Verdict(Value):
    """What the probes say of one run. `failed` holds why it must be replaced, and `grace` for how long
    it may then take to stop (None: as long as the pod allows)."""

    started: bool = True
    ready: bool = True
    failed: str = ""
    grace: int | None = None


class Failure(Value):
    """Something that was tried and went wrong; to be tried again at `until` (None: not by itself)."""

    reason: str
    message: str = ""
    until: datetime | None = None


class Cause(Enum):
    """Why a run is stopped."""

    POD = "pod"
    PROBE = "probe"
    CHANGED = "changed"
    SANDBOX = "sandbox"


class Seen(Value):
    """All that is known of a pod on this node.

    boxes and runs: newest first. verdicts and condemned: by run. failures: by the key of the instruction
    that failed. busy: keys of instructions in flight. mounted: everything is there. unmounted: nothing is
    left. gone: the API has no such pod any more.
    """

    boxes: tuple[Box, ...] = ()
    runs: tuple[Run, ...] = ()
    verdicts: Mapping[str, Verdict] = {}
    condemned: Mapping[str, Cause] = {}
    failures: Mapping[str, Failure] = {}
    busy: frozenset[str] = frozenset()
    mounted: bool = False
    unmounted: bool = True
    rejected: Failure | None = None
    stopping_since: datetime | None = None
    gone: bool = False
    host_ips: tuple[str, ...] = ()
    runtime: str = "containerd"

    def newest(self, name: str) -> Run | None:
        return next((run for run in self.runs if run.name == name), None)

    def verdict(self, run: Run) -> Verdict:
        return self.verdicts.get(run.id, Verdict())


class Mount(Value):
    """Make the pod's folders, volumes and files."""

    key = "mount"


class Unmount(Value):
    """Take the pod's volumes apart and remove its folders and cgroups."""

    key = "unmount"


class StartSandbox(Value):
    attempt: int
    key = "sandbox"


class StopSandbox(Value):
    box: str

    @property
    def key(self) -> str:
        return f"stop-sandbox:{self.box}"


class RemoveSandbox(Value):
    box: str

    @property
    def key(self) -> str:
        return f"remove-sandbox:{self.box}"


class Start(Value):
    """Pull, create and start a container, and run its postStart hook."""

    name: str
    box: str
    attempt: int
    backoff: float = 0  # what a restart of this run will have to wait

    @property
    def key(self) -> str:
        return f"start:{self.name}"


class Stop(Value):
    """Run a container's preStop hook and stop it, all before `deadline`."""

    run: str
    name: str
    deadline: datetime
    cause: Cause
    message: str

    @property
    def key(self) -> str:
        return f"stop:{self.run}"


class Remove(Value):
    """Remove a dead instance and its log."""

    run: str

    @property
    def key(self) -> str:
        return f"remove:{self.run}"


class Delete(Value):
    """Nothing is left of the pod here: let the API forget it."""

    key = "delete"


Instruction = Mount | Unmount | StartSandbox | StopSandbox | RemoveSandbox | Start | Stop | Remove | Delete


class Plan(Value):
    """What to do now, what to say of the pod, and when to look again even if nothing happens."""

    instructions: tuple[Instruction, ...] = ()
    status: PodStatus = PodStatus()
    wake: datetime | None = None
    stopping: bool = False  # nothing may be started any more
    finished: bool = False  # nothing runs and nothing is left to do but to wait for deletion


def kind_of_containers(pod: Pod) -> Mapping[str, Kind]:
    """Every container of the pod, in the order of its spec: init containers first."""
    kinds = {
        container.name: Kind.SIDECAR if container.restartPolicy == "Always" else Kind.INIT
        for container in pod.spec.initContainers
    }
    kinds |= {container.name: Kind.MAIN for container in pod.spec.containers}
    return kinds | {container.name: Kind.EPHEMERAL for container in pod.spec.ephemeralContainers}
