"""Model: what an API server should hold and have told, kept the simplest way: one dict and one list."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

FOREGROUND = "foregroundDeletion"
ORPHAN = "orphan"

Place = tuple[str, str]
"""Namespace and name."""


@dataclass(frozen=True)
class State:
    """One object, as far as the model looks at it."""

    revision: int
    app: str
    value: str
    uid: str
    finalizers: tuple[str, ...] = ()
    placed: bool = False  # a Pod that runs somewhere: it has a grace period
    grace: int | None = None  # None: nobody asked for its deletion

    @property
    def finished(self) -> bool:
        return self.grace == 0 and not self.finalizers


@dataclass(frozen=True)
class Step:
    """One change of one object. `after` is None where it left the store."""

    revision: int
    place: Place
    before: State | None
    after: State | None


@dataclass(frozen=True)
class Scope:
    """What a list or a watch selects."""

    namespace: str = ""
    app: str = ""
    name: str = ""

    def holds(self, place: Place, state: State) -> bool:
        return (
            self.namespace in ("", place[0]) and self.name in ("", place[1]) and self.app in ("", state.app)
        )

    @property
    def labelSelector(self) -> str:
        return f"app={self.app}" if self.app else ""

    @property
    def fieldSelector(self) -> str:
        return f"metadata.name={self.name}" if self.name else ""


Told = tuple[str, Place, int, str, str]
"""An event as a watcher sees it: type, which object, revision, label, value."""


def told(type: str, place: Place, state: State, revision: int = 0) -> Told:
    return (type, place, revision or state.revision, state.app, state.value)


def in_order(places: Iterable[Place]) -> list[Place]:
    return sorted(places, key="/".join)


@dataclass
class Model:
    """The objects of one resource and all that ever happened to them."""

    objects: dict[Place, State] = field(default_factory=dict)
    history: list[Step] = field(default_factory=list)

    def note(self, place: Place, after: State | None, revision: int) -> None:
        before = self.objects.get(place)
        self.history.append(Step(revision, place, before, after))
        if after is None:
            del self.objects[place]
        else:
            self.objects[place] = replace(after, revision=revision)
            self.history[-1] = replace(self.history[-1], after=self.objects[place])

    def at(self, revision: int) -> dict[Place, State]:
        """What stood at an older revision."""
        found: dict[Place, State] = {}
        for step in self.history:
            if step.revision > revision:
                break
            if step.after is None:
                del found[step.place]
            else:
                found[step.place] = step.after
        return found

    def listed(self, scope: Scope, revision: int) -> list[tuple[Place, State]]:
        """In the order of keys, in which `a-b/x` comes before `a/x`."""
        found = self.at(revision)
        return [(place, found[place]) for place in in_order(found) if scope.holds(place, found[place])]

    def missed(self, scope: Scope, since: int) -> Iterator[Told]:
        """What a watch of `scope` from `since` on is told, up to now."""
        for step in self.history:
            if step.revision <= since:
                continue
            was = step.before is not None and scope.holds(step.place, step.before)
            is_ = step.after is not None and scope.holds(step.place, step.after)
            if is_:
                assert step.after is not None
                yield told("MODIFIED" if was else "ADDED", step.place, step.after)
            elif was:
                assert step.before is not None
                yield told("DELETED", step.place, step.before, step.revision)

    def wished_away(self, state: State, grace: int | None, policy: str) -> State:
        """The object after a request to delete it."""
        finalizers = state.finalizers
        if policy or not {ORPHAN, FOREGROUND} & set(finalizers):
            finalizers = tuple(name for name in finalizers if name not in (ORPHAN, FOREGROUND))
            finalizers += {"Foreground": (FOREGROUND,), "Orphan": (ORPHAN,)}.get(policy, ())
        seconds = (30 if grace is None else grace) if state.placed else 0
        if state.grace is not None:
            seconds = min(seconds, state.grace)
        return replace(state, grace=seconds, finalizers=finalizers)
