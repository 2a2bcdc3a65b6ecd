"""Watch: every change after a revision, in order, each once; what exists first, where that is asked for.

A watcher is a sink on a channel of its resource's cache: nothing runs for it between changes but one timer
that ends it in time, and one a minute for all bookmarks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from wherry.apiserver.call import Call
from wherry.apiserver.entry import Entry
from wherry.apiserver.hub import Channel, Event, Hub, ResourceCache
from wherry.apiserver.read import Reader, check_list_options, number, selection_of
from wherry.machinery.clock import Clock
from wherry.machinery.errors import Expired, StatusError

BOOKMARK_SECONDS = 60.0
LAST_BOOKMARK = 2.0  # seconds before a watch ends
SHORTEST = 1800.0  # a watch without a timeout ends after half an hour to an hour, so that load moves about


class Form(Protocol):
    """How a watcher's events look: bytes for HTTP, the events themselves inside a process."""

    @property
    def key(self) -> str:
        """Watchers of equal selection and key share what is made of a batch."""
        ...

    def render(self, events: Sequence[Event]) -> Any: ...

    def first(self, events: Sequence[Event]) -> Any:
        """The first batch, which may carry more (a Table's column definitions)."""
        ...

    def bookmark(self, revision: int, *, initial_end: bool) -> Any: ...

    def failure(self, error: StatusError) -> Any: ...


class Watch:
    """One watcher. `send` gets what the form makes; `end` is called once when the server ends the watch."""

    def __init__(
        self,
        cache: ResourceCache,
        hub: Hub,
        call: Call,
        form: Form,
        clock: Clock,
        send: Callable[[Any], None],
        end: Callable[[], None],
    ) -> None:
        self.cache = cache
        self.hub = hub
        self.form = form
        self.selection = selection_of(call)
        self.bookmarks = call.flag("allowWatchBookmarks")
        self.send = send
        self.end = end
        self.loop = asyncio.get_running_loop()
        seconds = number(call, "timeoutSeconds") or SHORTEST * (1 + clock.random())
        self.deadline = self.loop.time() + seconds
        self.ending = self.loop.call_at(self.deadline, self.stop)
        self.next_bookmark: asyncio.TimerHandle | None = None

    def start(self, call: Call) -> None:
        """Send what is to be sent at first, and have the rest from now on."""
        initial = call.params.get("sendInitialEvents", "").lower() == "true"
        revision = number(call, "resourceVersion")
        replay = initial or (not revision and "sendInitialEvents" not in call.params)
        try:
            if replay:
                events = [
                    Event("ADDED", found, None, found.revision) for found in self.cache.select(self.selection)
                ]
            else:
                events = self._missed(revision or self.hub.revision)
        except Expired as error:
            self.send(self.form.failure(error))
            self.stop()
            return
        if events:
            self.send(self.form.first(events))
        if initial and self.bookmarks:
            self.send(self.form.bookmark(self.hub.revision, initial_end=True))
        self.cache.join(self.selection, self.form.key, self.form.render, self)
        if self.bookmarks:
            self._plan_bookmark()

    def _missed(self, revision: int) -> list[Event]:
        """Changes since `revision` that the selection covers."""
        return list(Channel(self.selection, self.form.render).select(self.cache.since(revision)))

    def _plan_bookmark(self) -> None:
        """The next one in a minute, the last two seconds before the end."""
        now = self.loop.time()
        last = self.deadline - LAST_BOOKMARK
        if last > now:
            self.next_bookmark = self.loop.call_at(min(now + BOOKMARK_SECONDS, last), self._bookmark)

    def _bookmark(self) -> None:
        self.send(self.form.bookmark(self.hub.revision, initial_end=False))
        self._plan_bookmark()

    def stop(self) -> None:
        """End the watch from this side."""
        self.close()
        self.end()

    def close(self) -> None:
        """The watcher has gone: forget it."""
        self.cache.leave(self.selection, self.form.key, self)
        self.ending.cancel()
        if self.next_bookmark is not None:
            self.next_bookmark.cancel()


class Watcher:
    """Opens watches for calls."""

    def __init__(self, hub: Hub, reader: Reader, clock: Clock) -> None:
        self.hub = hub
        self.reader = reader
        self.clock = clock

    async def open(
        self, call: Call, form: Form, send: Callable[[Any], None], end: Callable[[], None]
    ) -> Watch:
        """Check the options, wait until the cache is as new as asked, make the watch; `start` begins it."""
        check_list_options(call, watch=True)
        revision = number(call, "resourceVersion")
        wanted = revision
        if not revision and call.params.get("resourceVersion") != "0":
            wanted = self.hub.store.revision
        await self.reader.up_to(wanted)
        return Watch(self.hub.cache(call.resource), self.hub, call, form, self.clock, send, end)


class Events:
    """The form inside a process: batches of (type, Entry or None, revision)."""

    key = "events"

    def __init__(self, view: Callable[[Entry], Entry]) -> None:
        self.view = view

    def render(self, events: Sequence[Event]) -> Sequence[Event]:
        return events

    first = render

    def bookmark(self, revision: int, *, initial_end: bool) -> int:
        return revision

    def failure(self, error: StatusError) -> StatusError:
        return error
