"""Events of both groups are one thing under two names."""

from __future__ import annotations

from wherry.api.events.event import from_stored, to_stored


def test_names_are_changed_there_and_back() -> None:
    stored = {
        "message": "m",
        "involvedObject": {"kind": "Pod"},
        "reportingComponent": "c",
        "source": {"component": "s"},
        "firstTimestamp": "2026-01-01T00:00:00Z",
        "lastTimestamp": "2026-01-01T00:00:01Z",
        "count": 2,
        "type": "Normal",
        "series": {"count": 3},
    }
    tree = dict(stored)
    from_stored(tree)
    assert tree["note"] == "m"
    assert tree["regarding"] == {"kind": "Pod"}
    assert "message" not in tree
    to_stored(tree)
    assert tree == stored
