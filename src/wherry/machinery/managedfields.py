"""Managed fields: who manages which fields of an object, through creates, updates and applies.

`update` follows what a create, an update or a patch did; `apply` is server-side apply: it puts what a
client wants over the live object, takes away what that client wanted before and no longer does, and
refuses to overwrite what others manage. Entries are the dicts of `metadata.managedFields`; their
`fieldsV1` may be bytes not yet decoded (`msgspec.Raw`), and stays so where nothing happens to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from wherry.machinery import fields, fieldset
from wherry.machinery.errors import BadRequest, Cause, Conflict
from wherry.machinery.fieldset import EMPTY, FieldSet
from wherry.machinery.times import format_seconds
from wherry.machinery.view import View

Tree = dict[str, Any]
Entry = dict[str, Any]

MOST_UPDATERS = 10
ANCIENT = "ancient-changes"
BEFORE_FIRST_APPLY = "before-first-apply"

# What the server itself says of an object: nobody manages it.
UNMANAGED: FieldSet = {
    "f:apiVersion": {},
    "f:kind": {},
    "f:metadata": {
        ".": {},
        **{
            f"f:{name}": {}
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        },
    },
}


class Manager(NamedTuple):
    """Who writes: a name, in which version of the API, to which subresource."""

    name: str
    apiVersion: str
    subresource: str = ""


def update(
    old: Tree | None,
    new: Tree,
    view: View | None,
    by: Manager,
    now: datetime,
    *,
    reset: FieldSet = EMPTY,
) -> list[Entry]:
    """The entries after a create (`old` is None), an update or a patch.

    Whoever managed a field that has another value now, or is gone, does not any more; `by` manages what
    it changed. Fields in `reset`, with all below them, are not for this writer to change: they are left out.
    An object that nobody managed before stays so. A client that sends one empty entry gives all up.
    """
    entries = _given(old, new)
    if old is not None and not entries:
        return []
    if old is None:
        changed, removed = fields.all_fields(new, view), EMPTY
    else:
        changed, removed = fields.compare(old, new, view)
    changed, removed = _managed(changed, reset), _managed(removed, reset)
    if not changed and not removed:
        return entries
    entries = _taken(entries, fieldset.union(changed, removed), removed, by)
    if changed:
        entries = _credited(entries, changed, by, now)
    return _ordered(_capped(entries))


def _managed(found: FieldSet, reset: FieldSet) -> FieldSet:
    found = fieldset.difference(found, UNMANAGED)
    return fieldset.without(found, reset) if reset else found


def _given(old: Tree | None, new: Tree) -> list[Entry]:
    """The entries to start from: those that the client sent, if they make sense, else those that were."""
    live = _entries(old) if old is not None else []
    sent = _entries(new)
    if sent == live:
        return live
    if sent == [{}]:
        return []
    return _checked(sent) or live


def _entries(tree: Tree) -> list[Entry]:
    return (tree.get("metadata") or {}).get("managedFields") or []


def _checked(entries: Sequence[Any]) -> list[Entry]:
    """Entries as a client sent them, in our spelling; none where one makes no sense."""
    try:
        return [_spelled(entry) for entry in entries]
    except ValueError:
        return []


def _spelled(entry: Any) -> Entry:
    if not isinstance(entry, dict) or entry.get("operation") not in ("Apply", "Update"):
        raise ValueError("an entry says whether it is of an Apply or an Update")
    return {**entry, "fieldsV1": fieldset.check(_fields(entry))}


def _fields(entry: Entry) -> FieldSet:
    found: Any = entry.get("fieldsV1") or EMPTY
    if isinstance(found, (msgspec.Raw, bytes)):
        found = msgspec.json.decode(found)
    return found  # type: ignore[no-any-return]  # checked when it came in


def _is_updater(entry: Entry, by: Manager) -> bool:
    return (
        entry.get("operation") == "Update"
        and entry.get("manager", "") == by.name
        and entry.get("apiVersion") == by.apiVersion
        and entry.get("subresource", "") == by.subresource
    )


def _is_applier(entry: Entry, by: Manager) -> bool:
    """Appliers are the same in every version of the API."""
    return (
        entry.get("operation") == "Apply"
        and entry.get("manager", "") == by.name
        and entry.get("subresource", "") == by.subresource
    )


def _taken(entries: Iterable[Entry], lost: FieldSet, removed: FieldSet, by: Manager) -> list[Entry]:
    """The entries without what their managers lost; empty ones are gone. The writer loses what it removed."""
    left = []
    for entry in entries:
        before = _fields(entry)
        after = fieldset.difference(before, removed if _is_updater(entry, by) else lost)
        if after is before:
            left.append(entry)
        elif after:
            left.append({**entry, "fieldsV1": after})
    return left


def _credited(entries: list[Entry], changed: FieldSet, by: Manager, now: datetime) -> list[Entry]:
    """The entries with the writer's changes added to what it manages."""
    for at, entry in enumerate(entries):
        if _is_updater(entry, by):
            more = fieldset.union(_fields(entry), changed)
            fresh = {**entry, "fieldsV1": more, "time": format_seconds(now)}
            return [*entries[:at], fresh, *entries[at + 1 :]]
    return [*entries, _entry(by, "Update", changed, now)]


def _entry(by: Manager, operation: str, managed: FieldSet, now: datetime) -> Entry:
    entry = {
        "manager": by.name,
        "operation": operation,
        "apiVersion": by.apiVersion,
        "time": format_seconds(now),
        "fieldsType": "FieldsV1",
        "fieldsV1": managed,
    }
    if by.subresource:
        entry["subresource"] = by.subresource
    return entry


def _capped(entries: list[Entry]) -> list[Entry]:
    """At most so many updaters: the oldest are put together, one entry for each version of the API."""
    updaters = sorted((e for e in entries if e["operation"] == "Update"), key=lambda e: e.get("time") or "")
    excess = len(updaters) - MOST_UPDATERS
    if excess <= 0:
        return entries
    gone: list[Entry] = []
    buckets: dict[str, list[Entry]] = {}
    for entry in updaters:
        bucket = buckets.setdefault(entry["apiVersion"], [])
        bucket.append(entry)
        if len(bucket) > 1:
            excess -= 1
        if excess == 0:
            break
    merged = []
    for version, bucket in buckets.items():
        if len(bucket) > 1:
            gone += bucket
            merged.append(_ancient(version, bucket))
    return [entry for entry in entries if not any(entry is other for other in gone)] + merged


def _ancient(version: str, entries: Sequence[Entry]) -> Entry:
    managed = EMPTY
    for entry in entries:
        managed = fieldset.union(managed, _fields(entry))
    return {
        "manager": ANCIENT,
        "operation": "Update",
        "apiVersion": version,
        "time": entries[-1].get("time"),
        "fieldsType": "FieldsV1",
        "fieldsV1": managed,
    }


def _ordered(entries: Iterable[Entry]) -> list[Entry]:
    names = ("operation", "time", "manager", "apiVersion", "subresource")
    return sorted(entries, key=lambda entry: [entry.get(name) or "" for name in names])


def apply(
    live: Tree | None,
    applied: Tree,
    view: View | None,
    by: Manager,
    now: datetime,
    *,
    force: bool = False,
    reset: FieldSet = EMPTY,
) -> tuple[Tree, list[Entry]]:
    """The object after a server-side apply, not yet completed with defaults, and its entries.

    Conflict where a field would get another value than its manager gave it, unless `force` takes it over.
    Where nothing changes the entries are those that were, time included.
    """
    if (applied.get("metadata") or {}).get("managedFields"):
        raise BadRequest("metadata.managedFields must be nil")
    base = live if live is not None else {}
    entries = _before(base, view, by, now) if live is not None else []
    wanted = _managed(fields.applied_fields(applied, view), reset)
    own = next((entry for entry in entries if _is_applier(entry, by)), None)
    others = [entry for entry in entries if entry is not own]
    merged = fields.merge(base, applied, view)
    if own is not None:
        kept = _appliers(others, wanted)
        merged = fields.prune(merged, fieldset.without(_fields(own), reset), kept, view)
    changed, removed = fields.compare(base, merged, view)
    changed, removed = _managed(changed, reset), _managed(removed, reset)
    if not force:
        _refuse_conflicts(others, changed)
    if own is not None and not changed and not removed and fieldset.same(_fields(own), wanted):
        return merged, entries
    others = _taken(others, fieldset.union(changed, removed), EMPTY, _NOBODY)
    return merged, _ordered([*others, _entry(by, "Apply", wanted, now)] if wanted else others)


_NOBODY = Manager("", "", "")


def _before(live: Tree, view: View | None, by: Manager, now: datetime) -> list[Entry]:
    """The entries of the live object. What nobody managed is noted at the first apply."""
    if entries := _entries(live):
        return entries
    found = _managed(fields.all_fields(live, view), EMPTY)
    return [_entry(Manager(BEFORE_FIRST_APPLY, by.apiVersion), "Update", found, now)] if found else []


def _appliers(entries: Iterable[Entry], wanted: FieldSet) -> FieldSet:
    """All that someone applied, the present applier included."""
    for entry in entries:
        if entry["operation"] == "Apply":
            wanted = fieldset.union(wanted, _fields(entry))
    return wanted


def _refuse_conflicts(entries: Iterable[Entry], changed: FieldSet) -> None:
    conflicts = [
        (_described(entry), list(fieldset.paths(overlap)))
        for entry in entries
        if (overlap := fieldset.intersection(_fields(entry), changed))
    ]
    if not conflicts:
        return
    causes = [
        Cause("FieldManagerConflict", f"conflict with {manager}", place)
        for manager, places in conflicts
        for place in places
    ]
    if len(causes) == 1:
        raise Conflict(f"Apply failed with 1 conflict: {causes[0].message}: {causes[0].field}", causes)
    lines = []
    for manager, places in conflicts:
        lines.append(f"conflicts with {manager}:")
        lines += [f"- {place}" for place in places]
    raise Conflict(f"Apply failed with {len(causes)} conflicts: " + "\n".join(lines), causes)


def _described(entry: Entry) -> str:
    text = f'"{entry.get("manager", "")}"'
    if subresource := entry.get("subresource"):
        text += f' with subresource "{subresource}"'
    return f"{text} using {entry.get('apiVersion')}" if entry["operation"] == "Update" else text


def same_but_times(left: Sequence[Entry], right: Sequence[Entry]) -> bool:
    """Whether two lists of entries differ in nothing but their times: then a write would change nothing."""
    return len(left) == len(right) and all(
        {**one, "time": "", "fieldsV1": _fields(one)} == {**other, "time": "", "fieldsV1": _fields(other)}
        for one, other in zip(left, right, strict=True)
    )
