"""Read: get and list. Objects are handed on as the bytes that were stored; nothing is decoded."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import msgspec

from wherry.api.registry import Resource
from wherry.apiserver.call import Call
from wherry.apiserver.entry import Entry
from wherry.apiserver.hub import Hub, store_key
from wherry.apiserver.selection import Selection
from wherry.machinery.errors import (
    BadRequest,
    ErrorType,
    Expired,
    FieldError,
    Timeout,
    forbidden,
    invalid_object,
    not_found,
)
from wherry.machinery.errors import Cause as StatusCause
from wherry.store.interface import Compacted

FUTURE_REVISION = "Too large resource version: {wanted}, current: {current}"


@dataclass(slots=True)
class Listing:
    """The entries that a list found, as of `revision`; `proceed` continues it where a limit cut it off."""

    resource: Resource
    entries: Sequence[Entry]
    revision: int
    proceed: str = ""
    remaining: int | None = None
    extra: dict[str, Any] = field(default_factory=dict)


class _Token(msgspec.Struct):
    """What a continue token says: where the next page begins, and as of which revision."""

    revision: int = msgspec.field(name="rv")
    after: str = msgspec.field(name="after")


def key_of(resource: Resource, namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if resource.namespaced else name


class Reader:
    def __init__(self, hub: Hub) -> None:
        self.hub = hub

    def get(self, call: Call) -> Entry:
        """The newest form of one object."""
        resource = call.resource
        entry = self.hub.cache(resource).get(key_of(resource, call.namespace, call.name))
        if entry is None:
            raise not_found(resource.plural, call.name, resource.group)
        return entry.viewed(resource)

    async def list(self, call: Call) -> Listing:
        """All objects that the call selects, or a page of them."""
        check_list_options(call)
        selection = selection_of(call)
        proceed = call.params.get("continue", "")
        limit = number(call, "limit")
        revision = number(call, "resourceVersion")
        match = call.params.get("resourceVersionMatch", "")
        if proceed:
            token = _decoded(proceed)
            return await self._past(call.resource, selection, token.revision, token.after, limit)
        if revision and (match == "Exact" or (limit and not match)):
            return await self._past(call.resource, selection, revision, "", limit)
        await self.up_to(max(revision, self.hub.store.revision if not revision and not match else revision))
        cache = self.hub.cache(call.resource)
        found = cache.select(selection)
        # A list at "0" is answered from whatever is there, and whole.
        if not limit or call.params.get("resourceVersion") == "0":
            return Listing(call.resource, _viewed(found, call.resource), self.hub.revision)
        page = list(islice(found, limit))
        listing = Listing(call.resource, _viewed(page, call.resource), self.hub.revision)
        if next(found, None) is not None:
            listing.proceed = _encoded(_Token(revision=self.hub.revision, after=page[-1].key))
            if not selection.labelSelector and not selection.fieldSelector:
                listing.remaining = 1 + sum(1 for _ in found)
        return listing

    async def up_to(self, revision: int) -> None:
        """Wait until the cache has seen `revision`; one that does not exist yet is a Timeout to retry."""
        if self.hub.revision >= revision:
            return
        if revision > self.hub.store.revision:
            message = FUTURE_REVISION.format(wanted=revision, current=self.hub.store.revision)
            cause = StatusCause("ResourceVersionTooLarge", "Too large resource version")
            raise Timeout(message, [cause], retry_after=1)
        await self.hub.wait(revision)

    async def _past(
        self, resource: Resource, selection: Selection, revision: int, after: str, limit: int
    ) -> Listing:
        """A list as of an older revision, from the store's log."""
        if revision > self.hub.store.revision:
            await self.up_to(revision)
        cache = self.hub.cache(resource)
        stored = cache.resource
        prefix = store_key(stored, f"{selection.namespace}/" if selection.namespace else "")
        start = len(store_key(stored, ""))
        predicate = selection.predicate
        page: list[Entry] = []
        position = store_key(stored, after) if after else ""
        while True:
            wanted = limit - len(page) + 1 if limit else 0
            try:
                rows, _ = await self.hub.store.range(prefix, at=revision, after=position, limit=wanted)
            except Compacted:
                raise Expired(
                    "The provided continue parameter is too old to display a consistent list result. "
                    "You can start a new list without the continue parameter."
                    if after
                    else "The resourceVersion for the provided list is too old."
                ) from None
            entries = (Entry(stored, row.key[start:], row.value, row.revision) for row in rows)
            page.extend(entries if predicate is None else filter(predicate, entries))
            if not limit or len(rows) < wanted or len(page) > limit:
                break
            position = rows[-1].key
        more = bool(limit) and len(page) > limit
        page = page[:limit] if limit else page
        listing = Listing(resource, _viewed(page, resource), revision)
        if more:
            listing.proceed = _encoded(_Token(revision=revision, after=page[-1].key))
        return listing


def _viewed(entries: Any, resource: Resource) -> Sequence[Entry]:
    if resource.stored[1]:
        return [entry.viewed(resource) for entry in entries]
    return entries if isinstance(entries, list) else list(entries)


def selection_of(call: Call) -> Selection:
    """What a list, watch or deletecollection is about. Raises BadRequest for selectors it can't read."""
    field_selector = call.params.get("fieldSelector", "")
    if call.name:
        field_selector = f"metadata.name={call.name}" + (f",{field_selector}" if field_selector else "")
    selection = Selection(
        call.resource,
        call.namespace,
        call.params.get("labelSelector", ""),
        field_selector,
    )
    _ = selection.predicate
    return selection


def number(call: Call, option: str) -> int:
    """A whole number from the query; 0 where it is unset."""
    text = call.params.get(option, "")
    if not text:
        return 0
    if not text.isdecimal():
        if option == "resourceVersion":
            raise invalid_object(
                "ListOptions",
                "",
                [FieldError(option, "strconv.ParseUint: parsing " + f'"{text}": invalid syntax', text)],
                "meta.k8s.io",
            )
        raise BadRequest(f'unable to parse query parameter "{option}": "{text}" is not a number')
    return int(text)


def check_list_options(call: Call, *, watch: bool = False) -> None:
    """Combinations of options that mean nothing: 422, as upstream words them."""
    params = call.params
    match = params.get("resourceVersionMatch", "")
    revision = params.get("resourceVersion", "")
    initial = "sendInitialEvents" in params
    errors: list[FieldError] = []
    if watch:
        if match and not initial:
            errors.append(
                forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
                )
            )
        elif initial and match != "NotOlderThan":
            errors.append(
                forbidden(
                    "resourceVersionMatch",
                    "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
                )
            )
    else:
        if initial:
            errors.append(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
        if match:
            errors.extend(_match_errors(match, revision, params.get("continue", "")))
    if errors:
        raise invalid_object("ListOptions", "", errors, "meta.k8s.io")


def _match_errors(match: str, revision: str, proceed: str) -> list[FieldError]:
    if proceed:
        return [
            forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided")
        ]
    if not revision:
        return [
            forbidden(
                "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"
            )
        ]
    if match not in ("Exact", "NotOlderThan"):
        supported = 'supported values: "Exact", "NotOlderThan", ""'
        return [FieldError("resourceVersionMatch", supported, match, ErrorType.NotSupported)]
    if match == "Exact" and revision == "0":
        return [
            forbidden(
                "resourceVersionMatch", 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            )
        ]
    return []


def _encoded(token: _Token) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(token)).rstrip(b"=").decode()


def _decoded(text: str) -> _Token:
    try:
        padded = text + "=" * (-len(text) % 4)
        return msgspec.json.decode(base64.urlsafe_b64decode(padded), type=_Token)
    except (ValueError, msgspec.MsgspecError):
        raise BadRequest("continue key is not valid: start the list again without it") from None
