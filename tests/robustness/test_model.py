"""One API server against a model of one dict: every answer, every page and every watch is compared.

Hypothesis chooses what is done; time is virtual. The ring of recent changes is short, so that watches that
resume are told now and then that it is too late.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from tests.apiserver.conftest import Driver, Tree, resource
from tests.robustness.model import Model, Place, Scope, State, Told, in_order, told

from wherry.apiserver import hub
from wherry.client.transport import Event
from wherry.cluster.inprocess import InProcess
from wherry.machinery.errors import AlreadyExists, Conflict, Expired, NotFound
from wherry.sim.clock import VirtualClock, VirtualLoop
from wherry.sim.kit import Cluster

RING = 12
HOLD = "example.com/hold"
T = TypeVar("T")

plurals = st.sampled_from(("configmaps", "pods"))
namespaces = st.sampled_from(("default", "default-2"))  # one begins as the other does
names = st.sampled_from(("a", "b", "c"))
places = st.tuples(namespaces, names)
apps = st.sampled_from(("x", "y"))
values = st.sampled_from(("1", "2", "3"))
scopes = st.builds(
    Scope,
    namespace=st.sampled_from(("", "default", "default-2")),
    app=st.sampled_from(("", "", "x")),
    name=st.sampled_from(("", "", "a")),
)


@dataclass
class Follower:
    """A watch, and what it ought to have been told by now."""

    plural: str
    scope: Scope
    expected: list[Told]  # at its start
    since: int  # then every change after this revision
    got: list[Told] = field(default_factory=list)
    last: int = 0  # how far it has come, by its own events and bookmarks
    error: Exception | None = None
    task: asyncio.Task[None] | None = None


class ApiServerMachine(RuleBasedStateMachine):
    versions = Bundle("versions")

    def __init__(self) -> None:
        super().__init__()
        self.patch = pytest.MonkeyPatch()
        self.patch.setattr(hub, "RING_EVENTS", RING)
        self.loop = VirtualLoop()
        self.cluster = Cluster(controllers=False, clock=VirtualClock())
        self.do(self.cluster.__aenter__())
        self.api = Driver(self.cluster.server.api)
        self.do(self.begin())
        self.origin = self.revision
        self.models = {"configmaps": Model(), "pods": Model()}
        self.followers: list[Follower] = []
        self.compacted = 0

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    async def begin(self) -> None:
        await self.api.create("namespaces", {"metadata": {"name": "default-2"}})
        for namespace in ("default", "default-2"):
            await self.api.create("serviceaccounts", {"metadata": {"name": "default"}}, namespace=namespace)
        for entry in (await self.api.list("configmaps", namespace="")).entries:
            await self.api.delete("configmaps", entry.name, namespace=entry.namespace)

    @property
    def revision(self) -> int:
        return self.cluster.server.api.store.revision

    def teardown(self) -> None:
        for follower in self.followers:
            self.end(follower)
        self.do(self.cluster.__aexit__())
        self.loop.close()
        self.patch.undo()

    # writing

    def tree(self, plural: str, name: str, app: str, value: str, finalizer: bool, placed: bool) -> Tree:
        metadata: Tree = {"name": name, "labels": {"app": app}, "annotations": {"v": value}}
        if finalizer:
            metadata["finalizers"] = [HOLD]
        if plural == "configmaps":
            return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
        spec: Tree = {"containers": [{"name": "c", "image": "x:1"}]}
        if placed:
            spec["nodeName"] = "n1"
        return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec}

    def written(self, plural: str, place: Place, expected: State, answer: Tree) -> None:
        """A write went well: it either changed something, with a new revision, or nothing at all."""
        model = self.models[plural]
        before = model.objects.get(place)
        metadata = answer["metadata"]
        revision = int(metadata["resourceVersion"])
        seen = replace(
            expected,
            app=metadata["labels"]["app"],
            value=metadata["annotations"]["v"],
            uid=metadata["uid"],
            finalizers=tuple(metadata.get("finalizers", ())),
            grace=metadata.get("deletionGracePeriodSeconds"),
        )
        assert seen == replace(expected, uid=metadata["uid"])
        if before is not None and replace(expected, revision=0) == replace(before, revision=0):
            assert revision == before.revision
            return
        assert revision == self.revision
        model.note(place, None if seen.finished else seen, revision)

    @rule(
        target=versions,
        plural=plurals,
        place=places,
        app=apps,
        value=values,
        finalizer=st.booleans(),
        placed=st.booleans(),
    )
    def create(self, plural: str, place: Place, app: str, value: str, finalizer: bool, placed: bool) -> Any:
        tree = self.tree(plural, place[1], app, value, finalizer, placed)
        work = self.api.create(plural, tree, namespace=place[0])
        if place in self.models[plural].objects:
            with pytest.raises(AlreadyExists):
                self.do(work)
            return multiple()
        answer = self.do(work)
        held = (HOLD,) if finalizer else ()
        state = State(0, app, value, "", held, placed and plural == "pods")
        self.written(plural, place, state, answer)
        return plural, place, answer

    @rule(target=versions, version=versions, app=apps, value=values, stated=st.booleans())
    def update(self, version: tuple[str, Place, Tree], app: str, value: str, stated: bool) -> Any:
        """With whatever version was read at some time, or with none."""
        plural, place, read = version
        state = self.models[plural].objects.get(place)
        tree = msgspec.json.decode(msgspec.json.encode(read))
        metadata = tree["metadata"]
        metadata["labels"]["app"], metadata["annotations"]["v"] = app, value
        if state is not None:
            for field_name in (
                "uid",
                "managedFields",
                "finalizers",
                "deletionTimestamp",
                "deletionGracePeriodSeconds",
            ):
                metadata.pop(field_name, None)
            metadata["finalizers"] = list(state.finalizers)
            if plural == "pods":
                tree["spec"] = self.do(self.api.get(plural, place[1], namespace=place[0]))["spec"]
        if not stated:
            metadata.pop("resourceVersion")
        work = self.api.update(plural, place[1], tree, namespace=place[0])
        if state is None:
            with pytest.raises(NotFound):
                self.do(work)
        elif stated and int(metadata["resourceVersion"]) != state.revision:
            with pytest.raises(Conflict):
                self.do(work)
        else:
            answer = self.do(work)
            self.written(plural, place, replace(state, app=app, value=value), answer)
            return plural, place, answer
        return multiple()

    @rule(plural=plurals, place=places, app=apps, value=values)
    def merge(self, plural: str, place: Place, app: str, value: str) -> None:
        body = {"metadata": {"labels": {"app": app}, "annotations": {"v": value}}}
        state = self.models[plural].objects.get(place)
        work = self.api.patch(plural, place[1], body, namespace=place[0])
        if state is None:
            with pytest.raises(NotFound):
                self.do(work)
        else:
            self.written(plural, place, replace(state, app=app, value=value), self.do(work))

    @rule(plural=plurals, place=places)
    def let_go(self, plural: str, place: Place) -> None:
        """Take the finalizers off."""
        state = self.models[plural].objects.get(place)
        if state is None:
            return
        body = {"metadata": {"finalizers": None}}
        answer = self.do(self.api.patch(plural, place[1], body, namespace=place[0]))
        self.written(plural, place, replace(state, finalizers=()), answer)

    @rule(
        plural=plurals,
        place=places,
        grace=st.sampled_from((None, 0, 5)),
        policy=st.sampled_from(("", "", "Background", "Foreground", "Orphan")),
        uid=st.sampled_from(("", "right", "wrong")),
    )
    def delete(self, plural: str, place: Place, grace: int | None, policy: str, uid: str) -> None:
        state = self.models[plural].objects.get(place)
        options: Tree = {"kind": "DeleteOptions"}
        if grace is not None:
            options["gracePeriodSeconds"] = grace
        if policy:
            options["propagationPolicy"] = policy
        if uid:
            options["preconditions"] = {"uid": state.uid if state and uid == "right" else "wrong"}
        work = self.api.delete(plural, place[1], options, namespace=place[0])
        if state is None:
            with pytest.raises(NotFound):
                self.do(work)
        elif uid == "wrong":
            with pytest.raises(Conflict):
                self.do(work)
        else:
            answer = self.do(work)
            wished = self.models[plural].wished_away(state, grace, policy)
            if answer["kind"] == "Status":
                assert wished.finished
                self.models[plural].note(place, None, self.revision)
            else:
                self.written(plural, place, wished, answer)

    @rule(plural=plurals, scope=scopes, namespace=namespaces)
    def delete_all(self, plural: str, scope: Scope, namespace: str) -> None:
        scope = replace(scope, namespace=namespace)
        model = self.models[plural]
        found = model.listed(scope, 1 << 60)
        before = self.revision
        self.do(
            self.api.do(
                "deletecollection",
                plural,
                namespace=namespace,
                labelSelector=scope.labelSelector,
                fieldSelector=scope.fieldSelector,
            )
        )
        revision = before
        for place, state in found:
            wished = model.wished_away(state, None, "")
            if wished != state:
                revision += 1
                model.note(place, None if wished.finished else wished, revision)
        assert self.revision == revision

    @rule(plural=plurals, place=places, count=st.integers(2, 5))
    def race_to_create(self, plural: str, place: Place, count: int) -> None:
        """Of many who create the same object one does."""
        tree = self.tree(plural, place[1], "x", "1", False, False)

        async def race() -> list[Any]:
            every = (self.api.create(plural, tree, namespace=place[0]) for _ in range(count))
            return await asyncio.gather(*every, return_exceptions=True)

        results = self.do(race())
        made = [each for each in results if not isinstance(each, BaseException)]
        assert all(isinstance(each, AlreadyExists) for each in results if isinstance(each, BaseException))
        assert len(made) == (place not in self.models[plural].objects)
        for each in made:
            self.written(plural, place, State(0, "x", "1", ""), each)

    @rule(plural=plurals, place=places, count=st.integers(2, 5))
    def race_to_update(self, plural: str, place: Place, count: int) -> None:
        """Of many who change the same version one does."""
        state = self.models[plural].objects.get(place)
        if state is None:
            return
        current = self.do(self.api.get(plural, place[1], namespace=place[0]))

        async def race() -> list[Any]:
            every = []
            for number in range(count):
                tree = msgspec.json.decode(msgspec.json.encode(current))
                tree["metadata"]["annotations"]["v"] = f"race {state.revision} {number}"
                every.append(self.api.update(plural, place[1], tree, namespace=place[0]))
            return await asyncio.gather(*every, return_exceptions=True)

        results = self.do(race())
        (won,) = [each for each in results if not isinstance(each, BaseException)]
        assert all(isinstance(each, Conflict) for each in results if isinstance(each, BaseException))
        self.written(plural, place, replace(state, value=won["metadata"]["annotations"]["v"]), won)

    # reading

    @rule(plural=plurals, scope=scopes, limit=st.sampled_from((0, 1, 2)))
    def read_all(self, plural: str, scope: Scope, limit: int) -> None:
        """Page by page; what is written meanwhile does not show."""
        options = {"labelSelector": scope.labelSelector, "fieldSelector": scope.fieldSelector}
        proceed, revision, found = "", 0, []
        while True:
            if limit:
                options |= {"limit": str(limit), "continue_": proceed}
            listing = self.do(self.api.list(plural, namespace=scope.namespace, **options))
            assert not revision or listing.revision == revision
            revision = revision or listing.revision
            found += [self.told(plural, entry.tree, "") for entry in listing.entries]
            assert not limit or len(listing.entries) <= limit
            proceed = listing.proceed
            if not proceed:
                break
            self.merge(plural, ("default", "b"), "y", f"page {len(found)}")
        assert found == [told("", *each) for each in self.models[plural].listed(scope, revision)]

    @rule(plural=plurals, scope=scopes, back=st.integers(0, 30))
    def read_the_past(self, plural: str, scope: Scope, back: int) -> None:
        revision = max(self.revision - back, self.origin)
        options = {"labelSelector": scope.labelSelector, "fieldSelector": scope.fieldSelector}
        work = self.api.list(
            plural,
            namespace=scope.namespace,
            resourceVersion=str(revision),
            resourceVersionMatch="Exact",
            **options,
        )
        if revision < self.compacted:
            with pytest.raises(Expired):
                self.do(work)
            return
        listing = self.do(work)
        found = [self.told(plural, entry.tree, "") for entry in listing.entries]
        assert found == [told("", *each) for each in self.models[plural].listed(scope, revision)]

    @rule(back=st.integers(0, 10))
    def compact(self, back: int) -> None:
        before = self.revision - back
        self.do(self.cluster.server.api.store.compact(before))
        self.compacted = max(self.compacted, before)

    def told(self, plural: str, tree: Tree, type: str) -> Told:
        metadata = tree["metadata"]
        place = (metadata["namespace"], metadata["name"])
        revision = int(metadata["resourceVersion"])
        return (type, place, revision, metadata["labels"]["app"], metadata["annotations"]["v"])

    # watching

    @rule(plural=plurals, scope=scopes)
    def follow(self, plural: str, scope: Scope) -> None:
        """From what exists on."""
        revision = self.revision
        exists = [told("ADDED", *each) for each in self.models[plural].listed(scope, revision)]
        self.start(Follower(plural, scope, exists, revision), "")

    @rule(plural=plurals, scope=scopes, back=st.integers(0, 25))
    def follow_from(self, plural: str, scope: Scope, back: int) -> None:
        since = max(self.revision - back, self.origin)
        self.start(Follower(plural, scope, [], since, last=since), str(since))

    @rule(number=st.integers(0, 20))
    def resume(self, number: int) -> None:
        """End a watch, miss something, go on from where it stood: from a bookmark or an event."""
        alive = [each for each in self.followers if each.task is not None and each.last]
        if alive:
            old = alive[number % len(alive)]
            self.end(old)
            self.merge(old.plural, ("default", "a"), "x", f"missed {old.last}")
            self.merge(old.plural, ("default", "a"), "y", f"missed too {old.last}")
            self.start(Follower(old.plural, old.scope, [], old.last, last=old.last), str(old.last))

    @rule(seconds=st.sampled_from((1.0, 61.0)))
    def wait(self, seconds: float) -> None:
        """Bookmarks come with time."""
        self.do(asyncio.sleep(seconds))

    def start(self, follower: Follower, since: str) -> None:
        transport = InProcess(self.cluster.server.api)

        async def run() -> None:
            params = {"allowWatchBookmarks": "true"}
            scope = follower.scope
            try:
                async for events in transport.watch(
                    resource(follower.plural),
                    namespace=scope.namespace,
                    labelSelector=scope.labelSelector,
                    fieldSelector=scope.fieldSelector,
                    since=since,
                    params=params,
                ):
                    self.take(follower, events)
            except Expired as error:
                follower.error = error

        follower.task = self.loop.create_task(run())
        self.followers.append(follower)
        self.settle()
        oldest = self.cluster.server.api.hub.cache(resource(follower.plural)).ring_start
        if since and int(since) < oldest:
            assert follower.error is not None
            self.end(follower)
            self.follow(follower.plural, follower.scope)  # a new start comes to the truth
        else:
            assert follower.error is None

    def take(self, follower: Follower, events: Sequence[Event]) -> None:
        for event in events:
            revision = int(event.revision)
            if event.object is None:
                assert revision <= self.cluster.server.api.hub.revision
                assert revision >= follower.last
                follower.last = revision
                continue
            obj = event.object
            place = (obj.metadata.namespace, obj.metadata.name)
            label, value = obj.metadata.labels["app"], obj.metadata.annotations["v"]
            assert obj.metadata.resourceVersion == event.revision
            if follower.last:
                assert revision > follower.last, "told twice, or after a bookmark that was ahead"
                follower.last = revision
            follower.got.append((event.type, place, revision, label, value))

    def end(self, follower: Follower) -> None:
        if follower.task is not None:
            follower.task.cancel()
            self.do(self.ended(follower.task))
            follower.task = None

    async def ended(self, task: asyncio.Task[None]) -> None:
        await asyncio.gather(task, return_exceptions=True)

    def settle(self) -> None:
        """Let everybody be told what there is to tell."""

        async def turns() -> None:
            for _ in range(12):
                await asyncio.sleep(0)

        self.do(turns())

    @invariant()
    def every_watcher_was_told_each_change_once(self) -> None:
        if not hasattr(self, "models"):
            return
        self.settle()
        for follower in self.followers:
            if follower.task is None:
                continue
            if follower.task.done() and not follower.task.cancelled():
                follower.task.result()
            missed = self.models[follower.plural].missed(follower.scope, follower.since)
            assert follower.got == follower.expected + list(missed)

    @invariant()
    def what_is_held_is_what_was_written(self) -> None:
        for plural, model in self.models.items():
            found = self.do(self.api.list(plural, namespace=""))
            expected = [told("", place, model.objects[place]) for place in in_order(model.objects)]
            assert [self.told(plural, entry.tree, "") for entry in found.entries] == expected
            for entry in found.entries:
                state = model.objects[entry.namespace, entry.name]
                assert tuple(entry.tree["metadata"].get("finalizers", ())) == state.finalizers
                assert ("deletionTimestamp" in entry.tree["metadata"]) == (state.grace is not None)


def check(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        ApiServerMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_the_server_does_what_the_model_does() -> None:
    check(60, 40)


@pytest.mark.long
def test_the_server_does_what_the_model_does_for_long() -> None:
    check(700, 80)
