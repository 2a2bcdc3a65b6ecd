"""Contract: what a controller is told, what it may ask to be done, and how it makes itself known.

    @controller("replicaset-controller", reconciles=ReplicaSet, owns=(Pod,))
    def reconcile(rs: ReplicaSet, seen: Observed) -> Round: ...

A controller has no client, no clock, no cache and no log. It is a generator: each action it yields is
carried out before it goes on, and `yield Attempt(...)` tells it how that went. Any other action that
fails ends the round; the next one begins, after a while, from what is true by then.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, TypeVar

import msgspec

from wherry.machinery.errors import StatusError
from wherry.machinery.meta import Object
from wherry.machinery.selectors import Selector

ObjectT = TypeVar("ObjectT", bound=Object)

Key = tuple[str, str]
"""Namespace ("" for kinds without) and name."""


class Step(msgspec.Struct, frozen=True):
    """One thing to be done; compared by value."""


class Create(Step, frozen=True):
    object: Object


class Update(Step, frozen=True):
    """Write the whole object; Conflict if somebody else wrote since `object` was read."""

    object: Object
    subresource: str = ""


class UpdateStatus(Step, frozen=True):
    object: Object


class Patch(Step, frozen=True):
    """Change some fields. `body` is a JSON tree; put `metadata.uid` in it to mean this very object."""

    object: Object
    body: Any
    type: Literal["merge", "strategic", "json", "apply"] = "merge"
    subresource: str = ""


class Delete(Step, frozen=True):
    """Delete this very object (by uid); with `unchanged`, only in the state in which it was read."""

    object: Object
    propagation: Literal["", "Background", "Foreground", "Orphan"] = ""
    grace: int | None = None
    unchanged: bool = False


class Emit(Step, frozen=True):
    """Tell users what happened to `about`. Never fails."""

    about: Object
    type: Literal["Normal", "Warning"]
    reason: str
    message: str


class RequeueAfter(Step, frozen=True):
    """Look at this object again, at the latest after `delay`."""

    delay: timedelta


class Attempt(Step, frozen=True):
    """Do these side by side and say how it went.

    What failed is the controller's to judge: it raises the outcome's error if it wants another round.
    With `slow_start` one is tried first, then two, four …; the first batch in which one fails is the
    last. That way a quota that is used up is asked once, not five hundred times.
    """

    actions: tuple[Create | Update | UpdateStatus | Patch | Delete, ...]
    slow_start: bool = False


class Outcome(msgspec.Struct, frozen=True):
    """How an Attempt went: each success with what was written, each failure with its error."""

    done: tuple[tuple[Step, Object | None], ...] = ()
    failed: tuple[tuple[Step, StatusError], ...] = ()

    @property
    def error(self) -> StatusError | None:
        return self.failed[0][1] if self.failed else None


Action = Create | Update | UpdateStatus | Patch | Delete | Emit | RequeueAfter | Attempt
Round = Generator[Action, Outcome, None]

ResultT = TypeVar("ResultT")
Part = Generator[Action, Outcome, ResultT]
"""Some steps of a round, to be used with `yield from`, which have a result."""


def namespace_is_going(error: BaseException | None) -> bool:
    """Whether a write failed because nothing can be made in a namespace that is being deleted."""
    causes = error.causes if isinstance(error, StatusError) else ()
    return any(cause.reason == "NamespaceTerminating" for cause in causes)


def in_turn(actions: Iterable[Action]) -> Round:
    """`yield from` this where the actions are in a list: a list cannot be told how they went."""
    for action in actions:  # noqa: UP028 - `yield from` would pass the outcomes on to the list
        yield action


def played(
    round_: Generator[Action, Outcome, Any], answer: Callable[[Action], Outcome] | None = None
) -> list[Action]:
    """What a round asks for if everything goes as `answer` says; by default it all succeeds.

    For tests: the server's answer to a write is then the object as written.
    """
    asked: list[Action] = []
    try:
        action = next(round_)
        while True:
            asked.append(action)
            action = round_.send(answer(action) if answer is not None else succeeded(action))
    except StopIteration:
        return asked


def succeeded(action: Action) -> Outcome:
    if isinstance(action, Attempt):
        return Outcome(done=tuple((each, each.object) for each in action.actions))
    if isinstance(action, (Emit, RequeueAfter)):
        return Outcome()
    return Outcome(done=((action, action.object),))


class Observed(Protocol):
    """What is seen while one object is looked at. Only kinds that the controller has named can be seen."""

    @property
    def now(self) -> datetime: ...

    @property
    def gone_since(self) -> datetime:
        """When the object was first missed: for `gone`."""
        ...

    def changed(self, kind: type[Object], name: str, namespace: str = "") -> datetime:
        """When the value that the controller times (`timed`) was last seen to change, by our own clock."""
        ...

    def owned(self, kind: type[ObjectT]) -> Sequence[ObjectT]:
        """Objects that the object looked at controls, by uid."""
        ...

    def controlled_by(self, kind: type[ObjectT], uid: str) -> Sequence[ObjectT]:
        """Objects that the owner with this uid controls."""
        ...

    def orphans(self, kind: type[ObjectT]) -> Sequence[ObjectT]:
        """Objects in its namespace that nobody controls."""
        ...

    def get(self, kind: type[ObjectT], name: str, namespace: str = "") -> ObjectT | None: ...

    def list(
        self, kind: type[ObjectT], namespace: str | None = None, selector: Selector | None = None
    ) -> Sequence[ObjectT]: ...

    def find(self, kind: type[ObjectT], index: str, value: str) -> Sequence[ObjectT]:
        """Objects under `value` in an index that the controller has named."""
        ...


class Watch(msgspec.Struct, frozen=True):
    """A kind whose changes concern objects of another.

    `to` says which: keys of the reconciled kind, from the object before and after the change.
    `when(old, new)` keeps out changes that do not matter; it is asked only where both are there.
    """

    kind: type[Object]
    to: Callable[[Any, Observed], Iterable[Key]]
    when: Callable[[Any, Any], bool] | None = None


class Index(msgspec.Struct, frozen=True):
    """How objects of a kind are to be found: under these values."""

    kind: type[Object]
    name: str
    values: Callable[[Any], Iterable[str]]


class Controller(msgspec.Struct, frozen=True):
    """One row of the registry. `account` names its ServiceAccount and, after system:controller:, its role."""

    name: str
    reconcile: Callable[[Any, Observed], Round]
    reconciles: type[Object]
    owns: tuple[type[Object], ...] = ()
    watches: tuple[Watch, ...] = ()
    reads: tuple[type[Object], ...] = ()
    indices: tuple[Index, ...] = ()
    when: Callable[[Any, Any], bool] | None = None
    selects: Callable[[Any], Selector] | None = None
    gone: Callable[[Key, Observed], Round] | None = None
    timed: Mapping[type[Object], Callable[[Any], Any]] = {}
    writes: Mapping[str, tuple[str, ...]] = {}
    account: str = ""
    source: str = ""
    workers: int = 5

    @property
    def kinds(self) -> tuple[type[Object], ...]:
        """Every kind that it sees, the reconciled one first."""
        watched = (watch.kind for watch in self.watches)
        return tuple(dict.fromkeys((self.reconciles, *self.owns, *watched, *self.reads)))


CONTROLLERS: dict[str, Controller] = {}

Reconcile = TypeVar("Reconcile", bound=Callable[..., Round])


def controller(
    name: str,
    *,
    reconciles: type[Object],
    owns: tuple[type[Object], ...] = (),
    watches: tuple[Watch, ...] = (),
    reads: tuple[type[Object], ...] = (),
    indices: tuple[Index, ...] = (),
    when: Callable[[Any, Any], bool] | None = None,
    selects: Callable[[Any], Selector] | None = None,
    gone: Callable[[Key, Observed], Round] | None = None,
    timed: Mapping[type[Object], Callable[[Any], Any]] | None = None,
    writes: Mapping[str, tuple[str, ...]] | None = None,
    account: str = "",
    source: str = "",
    workers: int = 5,
) -> Callable[[Reconcile], Reconcile]:
    """Registers a reconcile function under upstream's name of the controller.

    reconciles: the kind it is called for. owns: kinds whose objects it controls; changes of them count
    for their owner. watches: other kinds that matter. reads: kinds it looks at whose changes do not.
    when(old, new): which changes of the reconciled kind count, if not all. selects: which orphans of
    the owned kinds an object may adopt. gone: what remains to be done where an object is no more.
    timed: values of objects whose changes are signs of life: `seen.changed` tells when one was last seen.
    writes: verbs by "plural.group[/subresource]", for what the role needs beyond its own kinds.
    source: who says so in events, if not `account`.
    """

    def register(reconcile: Reconcile) -> Reconcile:
        if name in CONTROLLERS:
            raise ValueError(f"controller {name} is registered twice")
        CONTROLLERS[name] = Controller(
            name=name,
            reconcile=reconcile,
            reconciles=reconciles,
            owns=owns,
            watches=watches,
            reads=reads,
            indices=indices,
            when=when,
            selects=selects,
            gone=gone,
            timed=timed or {},
            writes=writes or {},
            account=account or name,
            source=source or account or name,
            workers=workers,
        )
        return reconcile

    return register
