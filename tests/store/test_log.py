"""The log against a list of changes and a dictionary, which are slow and obviously right."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from wherry.store.interface import EMPTY, Change, Compacted, Entry
from wherry.store.log import Log, Retention, Write

NAMES = st.sampled_from(["/a", "/a/1", "/a/2", "/b", "/b/1"])
PREFIXES = st.sampled_from(["", "/", "/a", "/a/", "/b/", "/c"])
VALUES = st.none() | st.binary(max_size=3)


class NoTime:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0

    def uuid(self) -> str:
        return ""

    def suffix(self, length: int = 5) -> str:
        return "b" * length

    def random(self) -> float:
        return 0.5


class Oracle:
    """Every change ever made, and what a backend would have on its disk."""

    def __init__(self) -> None:
        self.writes: list[Write] = []
        self.disk: dict[int, Write] = {}

    def at(self, revision: int) -> dict[str, Entry]:
        state: dict[str, Entry] = {}
        for key, value, number in self.writes:
            if number > revision:
                break
            if value is None:
                del state[key]
            else:
                state[key] = Entry(key, value, number)
        return state


class LogAndOracle(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.log = Log(NoTime(), Retention())
        self.oracle = Oracle()

    @rule(steps=st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=4))
    def write(self, steps: list[tuple[str, bytes | None]]) -> None:
        writes: list[Write] = []
        state = set(self.oracle.at(self.log.revision))
        for key, value in steps:
            if value is None and key not in state:
                continue
            (state.discard if value is None else state.add)(key)
            writes.append(Write(key, value, self.log.revision + len(writes) + 1))
        if writes:
            self.log.commit(writes)
            self.oracle.writes += writes
            self.oracle.disk.update((write.revision, write) for write in writes)

    @rule(back=st.integers(min_value=0, max_value=8))
    def compact(self, back: int) -> None:
        for revision in self.log.compact(self.log.revision - back):
            del self.oracle.disk[revision]

    @rule()
    def restart(self) -> None:
        compacted = self.log.compacted
        rows = [write for _, write in sorted(self.oracle.disk.items())]
        self.log = Log(NoTime(), Retention())
        assert self.log.load(rows, compacted) == []

    @rule(
        prefix=PREFIXES,
        back=st.integers(min_value=0, max_value=8),
        after=st.just("") | NAMES,
        limit=st.integers(min_value=0, max_value=3),
    )
    def look_back(self, prefix: str, back: int, after: str, limit: int) -> None:
        at = max(self.log.revision - back, EMPTY)
        if at < self.log.compacted:
            with pytest.raises(Compacted):
                self.log.range(prefix, at, after, limit)
            return
        then = self.oracle.at(at)
        want = [then[key] for key in sorted(then) if key.startswith(prefix) and (not after or key > after)]
        assert self.log.range(prefix, at, after, limit) == (want[:limit] if limit else want, at)

    @rule(prefix=PREFIXES)
    def watch_from_the_oldest(self, prefix: str) -> None:
        oldest = self.log.compacted
        want = []
        for key, value, revision in self.oracle.writes:
            if revision > oldest and key.startswith(prefix):
                before = self.oracle.at(revision - 1).get(key)
                previous = before.value if before else None
                want.append(Change(key, value, revision, previous, before is None))
        if not want:
            return
        step = self.log.watch(prefix, oldest).__anext__()
        with pytest.raises(StopIteration) as shown:
            step.__await__().__next__()
        assert list(shown.value.value) == want

    @invariant()
    def the_newest_state_is_the_oracles(self) -> None:
        state = self.oracle.at(self.log.revision)
        assert self.log.range("", 0, "", 0) == ([state[key] for key in sorted(state)], self.log.revision)
        assert all(self.log.revision_of(key) == entry.revision for key, entry in state.items())

    @invariant()
    def the_disk_keeps_what_is_live_or_younger_than_the_compaction_and_no_more(self) -> None:
        live = {entry.revision for entry in self.oracle.at(self.log.revision).values()}
        bound = len(live) + 2 * sum(write.revision > self.log.compacted for write in self.oracle.writes)
        assert live <= set(self.oracle.disk)
        assert len(self.oracle.disk) <= bound


TestLogAndOracle = LogAndOracle.TestCase
