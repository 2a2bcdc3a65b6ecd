"""Lifecycle: whatever happens in whatever order, a pod comes up in order, stays legal and goes down clean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from wherry.api.core.container import Container
from wherry.api.core.pod import Pod, PodSpec
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit
from wherry.node.facts import (
    Box,
    Cause,
    Delete,
    Failure,
    Instruction,
    Mount,
    Plan,
    Remove,
    RemoveSandbox,
    Run,
    Seen,
    Start,
    StartSandbox,
    Stop,
    StopSandbox,
    Unmount,
    Verdict,
)
from wherry.node.identity import container_hash
from wherry.node.lifecycle import advance
from wherry.node.runtimes.interface import ContainerState

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUNNING, EXITED = ContainerState.RUNNING, ContainerState.EXITED


def pod_of(
    *names: str,
    policy: str = "Always",
    inits: tuple[str, ...] = (),
    sidecars: tuple[str, ...] = (),
    **spec: object,
) -> Pod:
    init = [Container(name=name, image="i") for name in inits]
    init += [Container(name=name, image="i", restartPolicy="Always") for name in sidecars]
    return Pod(
        metadata=ObjectMeta(name="p", namespace="n", uid="u", generation=1),
        spec=msgspec.structs.replace(
            PodSpec(
                containers=tuple(Container(name=name, image="i") for name in names),
                initContainers=tuple(init),
                restartPolicy=policy,
            ),
            **spec,
        ),
    )


class World:
    """A node in miniature: carries out instructions at once and lets things happen."""

    def __init__(self, pod: Pod) -> None:
        self.pod = pod
        self.now = NOW
        self.boxes: list[Box] = []
        self.runs: list[Run] = []
        self.condemned: dict[str, Cause] = {}
        self.mounted, self.unmounted = False, True
        self.stopping_since: datetime | None = None
        self.deleted = False
        self.count = 0
        self.log: list[Instruction] = []

    def seen(self) -> Seen:
        return Seen(
            boxes=tuple(reversed(self.boxes)),
            runs=tuple(reversed(self.runs)),
            condemned=self.condemned,
            mounted=self.mounted,
            unmounted=self.unmounted,
            stopping_since=self.stopping_since,
            gone=self.deleted,
            host_ips=("192.0.2.1",),
        )

    def step(self) -> Plan:
        self.now += timedelta(seconds=1)
        plan = advance(self.pod, self.seen(), self.now)
        self.pod = edit(self.pod, status=plan.status)
        if plan.stopping and self.stopping_since is None:
            self.stopping_since = self.now
        for instruction in plan.instructions:
            assert not (plan.stopping and isinstance(instruction, (Start, StartSandbox, Mount)))
            self.log.append(instruction)
            self.carry_out(instruction)
        self.check()
        return plan

    def settle(self) -> Plan:
        for _ in range(60):
            plan = self.step()
            if not plan.instructions:
                return plan
        raise AssertionError(f"no rest: {self.log[-5:]}")

    def carry_out(self, instruction: Instruction) -> None:
        self.count += 1
        match instruction:
            case Mount():
                self.mounted, self.unmounted = True, False
            case Unmount():
                self.mounted, self.unmounted = False, True
            case StartSandbox(attempt=attempt):
                self.boxes.append(Box(id=f"b{self.count}", attempt=attempt, ips=("10.0.0.1",)))
            case Start(name=name, box=box, attempt=attempt, backoff=backoff):
                container = next(
                    c for c in (*self.pod.spec.initContainers, *self.pod.spec.containers) if c.name == name
                )
                self.runs.append(
                    Run(
                        id=f"r{self.count}",
                        name=name,
                        box=box,
                        attempt=attempt,
                        backoff=backoff,
                        started_at=self.now,
                        hash=container_hash(container),
                    )
                )
            case Stop(run=run, cause=cause):
                self.condemned[run] = cause
                self.exit(run, 137)
            case StopSandbox(box=box):
                self.lose(box)
            case Remove(run=run):
                self.runs = [each for each in self.runs if each.id != run]
            case RemoveSandbox(box=box):
                self.boxes = [each for each in self.boxes if each.id != box]
                self.runs = [each for each in self.runs if each.box != box]
            case Delete():
                self.deleted = True

    def exit(self, run: str, code: int) -> None:
        self.runs = [
            msgspec.structs.replace(each, state=EXITED, exit_code=code, finished_at=self.now)
            if each.id == run and each.state is RUNNING
            else each
            for each in self.runs
        ]

    def lose(self, box: str) -> None:
        self.boxes = [
            msgspec.structs.replace(each, ready=False, ips=()) if each.id == box else each
            for each in self.boxes
        ]
        for each in self.runs:
            if each.box == box:
                self.exit(each.id, 137)

    def delete(self) -> None:
        meta = edit(
            self.pod.metadata, deletionTimestamp="2026-01-01T00:00:00Z", deletionGracePeriodSeconds=30
        )
        self.pod = edit(self.pod, metadata=meta)

    def alive(self) -> list[str]:
        return [run.name for run in self.runs if run.state is RUNNING]

    def check(self) -> None:
        alive = self.alive()
        assert len(alive) == len(set(alive)), "two instances of one container"
        assert sum(box.ready for box in self.boxes) <= 1
        assert self.pod.status.phase in ("Pending", "Running", "Succeeded", "Failed")


def test_a_pod_comes_up_in_order() -> None:
    world = World(pod_of("a", "b", inits=("i",), sidecars=("s",)))
    world.settle()
    assert world.alive() == ["i"]
    assert world.pod.status.phase == "Pending"
    world.exit(world.runs[0].id, 0)
    world.settle()
    assert [each.name for each in world.log if isinstance(each, Start)] == ["i", "s", "a", "b"]
    assert world.pod.status.phase == "Running"
    assert all(c.status == "True" for c in world.pod.status.conditions)


def test_sidecars_stop_last_and_in_reverse() -> None:
    world = World(pod_of("a", "b", sidecars=("s1", "s2")))
    world.settle()
    world.delete()
    world.settle()
    stops = [each.name for each in world.log if isinstance(each, Stop)]
    assert set(stops[:2]) == {"a", "b"}
    assert stops[2:] == ["s2", "s1"]
    assert world.deleted
    assert not world.boxes


def test_a_startup_probe_holds_up_what_comes_after_a_sidecar() -> None:
    pod = pod_of("a", sidecars=("s",))
    box = Box(id="b", ips=("10.0.0.1",))
    run = Run(id="r", name="s", box="b")
    waiting = Seen(boxes=(box,), runs=(run,), mounted=True, verdicts={"r": Verdict(started=False)})
    assert advance(pod, waiting, NOW).instructions == ()
    passed = msgspec.structs.replace(waiting, verdicts={})
    assert [i.key for i in advance(pod, passed, NOW).instructions] == ["start:a"]


def test_a_failed_init_container_under_Never_fails_the_pod() -> None:
    world = World(pod_of("a", inits=("i",), policy="Never"))
    world.settle()
    world.exit(world.runs[0].id, 1)
    plan = world.settle()
    assert plan.status.phase == "Failed"
    assert not any(box.ready for box in world.boxes)
    assert plan.finished


def test_backoff_doubles_and_is_forgiven() -> None:
    world = World(pod_of("a"))
    world.settle()
    waits = []
    for _ in range(7):
        world.exit(world.runs[-1].id, 1)
        ended, count = world.now, len(world.runs)
        before = world.runs[-1].id
        while world.runs[-1].id == before:
            world.step()
        waits.append(int((world.now - ended).total_seconds()))
        assert len(world.runs) <= count + 1
    assert waits == [1, 10, 20, 40, 80, 160, 300]
    world.now += timedelta(minutes=11)
    world.exit(world.runs[-1].id, 1)
    world.step()
    assert world.alive() == ["a"]


def test_a_failed_liveness_probe_replaces_the_container_even_under_OnFailure() -> None:
    pod = pod_of("a", policy="OnFailure")
    box, run = Box(id="b", ips=("10.0.0.1",)), Run(id="r", name="a", box="b")
    seen = Seen(
        boxes=(box,),
        runs=(run,),
        mounted=True,
        verdicts={"r": Verdict(failed="failed liveness probe", grace=5)},
    )
    [stop] = advance(pod, seen, NOW).instructions
    assert isinstance(stop, Stop)
    assert stop.deadline == NOW + timedelta(seconds=5)
    assert stop.message == "Container a failed liveness probe, will be restarted"
    ended = msgspec.structs.replace(run, state=EXITED, finished_at=NOW)
    after = Seen(boxes=(box,), runs=(ended,), mounted=True, condemned={"r": Cause.PROBE})
    assert [i.key for i in advance(pod, after, NOW).instructions] == ["start:a"]


def test_a_changed_image_replaces_the_container() -> None:
    world = World(pod_of("a"))
    world.settle()
    changed = edit(world.pod.spec, containers=(Container(name="a", image="other"),))
    world.pod = edit(world.pod, spec=changed)
    world.settle()
    assert world.runs[-1].hash == container_hash(changed.containers[0])
    assert world.alive() == ["a"]


def test_a_pod_past_its_deadline_fails() -> None:
    world = World(pod_of("a", activeDeadlineSeconds=20))
    world.settle()
    world.now += timedelta(seconds=30)
    plan = world.settle()
    assert (plan.status.phase, plan.status.reason) == ("Failed", "DeadlineExceeded")
    assert world.alive() == []
    assert not world.deleted


def test_a_rejected_pod_starts_nothing() -> None:
    seen = Seen(rejected=Failure(reason="OutOfcpu", message="Pod was rejected: no"))
    plan = advance(pod_of("a"), seen, NOW)
    assert plan.instructions == ()
    assert (plan.status.phase, plan.status.reason) == ("Failed", "OutOfcpu")


def test_an_earlier_failure_is_not_tried_again_before_its_time() -> None:
    later = NOW + timedelta(seconds=5)
    failures = {"start:a": Failure(reason="ErrImagePull", message="no", until=later)}
    seen = Seen(boxes=(Box(id="b", ips=("10.0.0.1",)),), mounted=True, failures=failures)
    plan = advance(pod_of("a", "b"), seen, NOW)
    assert [i.key for i in plan.instructions] == ["start:b"]
    assert plan.wake == later
    state = plan.status.containerStatuses[0].state
    assert state is not None
    assert state.waiting is not None
    assert state.waiting.reason == "ErrImagePull"


names = st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True)
happenings = st.lists(
    st.tuples(
        st.sampled_from(["exit", "lose", "wait", "delete", "restart"]),
        st.integers(0, 5),
        st.sampled_from([0, 1, 137]),
    ),
    max_size=14,
)


@settings(max_examples=300, deadline=None)
@given(names, st.booleans(), st.booleans(), st.sampled_from(["Always", "OnFailure", "Never"]), happenings)
def test_whatever_happens_the_pod_stays_legal_and_deletion_leaves_nothing(
    mains: list[str], init: bool, sidecar: bool, policy: str, events: list[tuple[str, int, int]]
) -> None:
    pod = pod_of(*mains, policy=policy, inits=("i",) * init, sidecars=("s",) * sidecar)
    world = World(pod)
    for kind, which, code in events:
        alive = [run for run in world.runs if run.state is RUNNING]
        if kind == "exit" and alive:
            world.exit(alive[which % len(alive)].id, code)
        elif kind == "lose" and world.boxes:
            world.lose(world.boxes[-1].id)
        elif kind == "wait":
            world.now += timedelta(seconds=60 * which)
        elif kind == "delete":
            world.delete()
        elif kind == "restart":
            world.condemned = {}
        before = world.pod.status.phase
        world.step()
        if before in ("Succeeded", "Failed"):
            assert world.pod.status.phase == before, "a verdict was taken back"
    world.delete()
    world.settle()
    assert world.deleted
    assert not world.boxes
    assert not world.runs
    assert world.unmounted
    assert world.pod.status.phase in ("Succeeded", "Failed")


@settings(max_examples=100, deadline=None)
@given(names, st.booleans(), st.sampled_from(["Always", "OnFailure", "Never"]))
def test_a_restarted_agent_finds_nothing_to_do_but_to_mount(
    mains: list[str], sidecar: bool, policy: str
) -> None:
    world = World(pod_of(*mains, policy=policy, sidecars=("s",) * sidecar))
    world.settle()
    fresh = msgspec.structs.replace(world.seen(), mounted=False, condemned={}, unmounted=False)
    plan = advance(world.pod, fresh, world.now + timedelta(hours=1))
    assert [i.key for i in plan.instructions] == ["mount"]
    assert plan.status == world.pod.status
