"""What the server remembers: newest entries, recent changes, and one rendering for all who watch alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apiserver.conftest import resource

from wherry.apiserver import hub
from wherry.apiserver.hub import Event, ResourceCache
from wherry.apiserver.selection import Selection
from wherry.machinery.errors import Expired
from wherry.store.interface import Change

PODS = resource("pods")


class Log:
    """Changes as a store makes them, applied to one cache."""

    def __init__(self) -> None:
        self.cache = ResourceCache(PODS)
        self.revision = 0

    def put(self, key: str, **labels: str) -> Event | None:
        self.revision += 1
        namespace, name = key.split("/")
        metadata = {"name": name, "namespace": namespace, "labels": labels}
        head = b'{"kind":"Pod","apiVersion":"v1","metadata":{'
        value = head + msgspec.json.encode(metadata)[1:] + b"}"
        return self._apply(key, value)

    def delete(self, key: str) -> Event | None:
        self.revision += 1
        return self._apply(key, None)

    def _apply(self, key: str, value: bytes | None) -> Event | None:
        change = Change(f"/registry/core/pods/{key}", value, self.revision, None, False)
        event = self.cache.apply(change, key)
        if event is not None:
            self.cache.deliver([event])
        return event


class Watcher:
    def __init__(self) -> None:
        self.got: list[Any] = []
        self.stopped = False

    def send(self, events: Any) -> None:
        self.got.append(events)

    def stop(self) -> None:
        self.stopped = True


def told(events: Sequence[Event]) -> list[tuple[str, str, int]]:
    return [(event.type, event.entry.name, event.revision) for event in events]


def test_a_change_is_added_modified_or_deleted() -> None:
    log = Log()
    events = [log.put("d/a"), log.put("d/a"), log.delete("d/a"), log.delete("d/a")]
    assert told([event for event in events if event]) == [
        ("ADDED", "a", 1),
        ("MODIFIED", "a", 2),
        ("DELETED", "a", 3),
    ]
    assert not log.cache.entries


def test_who_watches_alike_is_sent_the_same_object_made_once() -> None:
    log, made = Log(), []

    def render(events: Sequence[Event]) -> bytes:
        made.append(told(events))
        return b"x"

    watchers = [Watcher() for _ in range(100)]
    for watcher in watchers:
        log.cache.join(Selection(PODS, "d"), "json", render, watcher)
    log.put("d/a")
    log.put("other/a")
    assert made == [[("ADDED", "a", 1)]]
    assert all(watcher.got == [b"x"] for watcher in watchers)
    assert len({id(watcher.got[0]) for watcher in watchers}) == 1


def test_who_left_is_sent_nothing_and_leaves_nothing() -> None:
    log, watcher = Log(), Watcher()
    selection = Selection(PODS)
    log.cache.join(selection, "json", lambda events: events, watcher)
    log.cache.leave(selection, "json", watcher)
    log.cache.leave(selection, "json", watcher)
    log.put("d/a")
    assert watcher.got == []
    assert not log.cache.channels


def test_the_end_of_the_log_is_told_to_all() -> None:
    log, watchers = Log(), [Watcher(), Watcher()]
    for number, watcher in enumerate(watchers):
        log.cache.join(Selection(PODS, str(number)), "json", lambda events: events, watcher)
    log.cache.stop()
    assert all(watcher.stopped for watcher in watchers)


def test_what_no_longer_matches_is_deleted_and_what_now_does_is_added() -> None:
    log, watcher = Log(), Watcher()
    log.cache.join(Selection(PODS, labelSelector="x=y"), "json", told, watcher)
    log.put("d/a")
    log.put("d/a", x="y")
    log.put("d/a", x="y", z="z")
    log.put("d/a", x="n")
    log.delete("d/a")
    assert [event for batch in watcher.got for event in batch] == [
        ("ADDED", "a", 2),
        ("MODIFIED", "a", 3),
        ("DELETED", "a", 4),
    ]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from("abc")), max_size=30), st.integers(0, 30))
def test_recent_changes_lead_from_any_revision_to_now(story: list[tuple[bool, str]], since: int) -> None:
    log = Log()
    before: set[str] = set()
    for written, name in story:
        log.put(f"d/{name}") if written else log.delete(f"d/{name}")
        if log.revision == since:
            before = {key.rpartition("/")[2] for key in log.cache.entries}
    for event in log.cache.since(since):
        assert event.revision > since
        before = before - {event.entry.name} if event.type == "DELETED" else before | {event.entry.name}
    if since <= log.revision:
        assert before == {key.rpartition("/")[2] for key in log.cache.entries}


def test_only_so_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "RING_EVENTS", 10)
    log = Log()
    for _ in range(25):
        log.put("d/a")
    assert [event.revision for event in log.cache.since(15)] == list(range(16, 26))
    with pytest.raises(Expired, match=r"too old resource version: 14 \(15\)"):
        log.cache.since(14)


def test_only_so_many_bytes_are_remembered_but_always_the_last_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(hub, "RING_BYTES", 1)
    log = Log()
    for _ in range(3):
        log.put("d/a")
    assert [event.revision for event in log.cache.ring] == [3]
    assert log.cache.ring_bytes == log.cache.ring[0].size
