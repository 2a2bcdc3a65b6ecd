"""Logs: a container's log, from its end or from a moment on, and as it grows."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from wherry.machinery import times
from wherry.machinery.clock import Clock
from wherry.node.inotify import FolderWatch
from wherry.node.logformat import parse, tail_offset
from wherry.node.podview import Refused, logged, pod_of
from wherry.node.runtimes.interface import Value
from wherry.wire.message import Query, Request
from wherry.wire.protocol import Answer
from wherry.wire.stream import Stream

if TYPE_CHECKING:
    from wherry.node.agent import Agent

BLOCK = 64 * 1024  # bytes


class Options(Value):
    """What of a log is wanted."""

    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    tail: int | None = None
    since: datetime | None = None
    limit: int | None = None  # bytes


def options_of(query: Query, clock: Clock) -> Options:
    since = None
    if "sinceTime" in query:
        since = times.parse(query.get("sinceTime"))
    elif "sinceSeconds" in query:
        since = clock.now() - timedelta(seconds=_number(query, "sinceSeconds") or 0)
    return Options(
        follow=query.flag("follow"),
        previous=query.flag("previous"),
        timestamps=query.flag("timestamps"),
        tail=_number(query, "tailLines"),
        since=since,
        limit=_number(query, "limitBytes"),
    )


def _number(query: Query, name: str) -> int | None:
    text = query.get(name)
    if not text:
        return None
    try:
        return int(text)
    except ValueError as error:
        raise Refused(f"{name} must be a number, not {text!r}") from error


async def container_logs(agent: Agent, request: Request, rest: list[str]) -> Answer:
    if len(rest) != 3:
        raise Refused("ask for /containerLogs/NAMESPACE/POD/CONTAINER")
    namespace, name, container = rest
    worker = pod_of(agent.workers, namespace, name)
    try:
        options = options_of(request.query, agent.tools.clock)
    except times.TimeError as error:
        raise Refused(str(error)) from error
    run = logged(worker, container, previous=options.previous)
    path = worker.view.logs.get(run.id, "")
    ended = asyncio.ensure_future(agent.tools.observer.ended(worker.uid, run.id))
    return Stream.of(read_log(path, options, ended), content_type="text/plain")


async def read_log(path: str, options: Options, ended: asyncio.Future[None]) -> AsyncIterator[bytes]:
    """The chosen lines, as the container wrote them; with `follow` until `ended` and all is read."""
    try:
        reader = LogReader(path, options)
        try:
            async for data in _reading(reader, options, ended):
                yield data
        finally:
            reader.close()
    finally:
        ended.cancel()


async def _reading(reader: LogReader, options: Options, ended: asyncio.Future[None]) -> AsyncIterator[bytes]:
    while data := reader.read():
        yield data
    if not options.follow or reader.is_full:
        return
    with FolderWatch(os.path.dirname(reader.path)) as watch:
        while True:
            over = ended.done()  # asked before reading: what is written until then is read
            while data := reader.read():
                yield data
            if over or reader.is_full:
                return
            await _first(watch, ended)


async def _first(watch: FolderWatch, ended: asyncio.Future[None]) -> None:
    """Wait for a change in the folder, or for the container's end."""
    ended.add_done_callback(watch.wake)
    try:
        await watch.changed()
    finally:
        ended.remove_done_callback(watch.wake)


class LogReader:
    """Reads a log file as far as it goes, and goes on in the next one after a rotation."""

    def __init__(self, path: str, options: Options) -> None:
        self.path = path
        self.is_full = False
        self._options = options
        self._left = options.limit
        self._rest = b""
        self._continues = False
        self._since = stamp_of(options.since) if options.since else b""
        self._file = self._open()
        if self._file is not None and options.tail is not None:
            os.lseek(self._file, tail_offset(self._file, options.tail), os.SEEK_SET)

    def _open(self) -> int | None:
        try:
            return os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return None

    def close(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def read(self) -> bytes:
        """More of it, as the client wants it; b"" if there is nothing more now."""
        while not self.is_full and (raw := self._raw()):
            lines = (self._rest + raw).split(b"\n")
            self._rest = lines.pop()
            if chosen := self._bounded(b"".join(self._chosen(line + b"\n") for line in lines)):
                return chosen
        return b""

    def _raw(self) -> bytes:
        if self._file is None:
            self._file = self._open()
        if self._file is None:
            return b""
        raw = os.read(self._file, BLOCK)
        if not raw and self._was_rotated():
            self.close()
            self._file = self._open()
            raw = os.read(self._file, BLOCK) if self._file is not None else b""
        return raw

    def _was_rotated(self) -> bool:
        assert self._file is not None
        try:
            there = os.stat(self.path)
        except OSError:
            return False
        here = os.fstat(self._file)
        return (there.st_ino, there.st_dev) != (here.st_ino, here.st_dev)

    def _chosen(self, raw: bytes) -> bytes:
        line = parse(raw)
        if line is None:
            return b""
        continues, self._continues = self._continues, line.partial
        if self._since and normal_stamp(line.stamp) < self._since:
            return b""
        if self._options.timestamps and not continues:
            return line.stamp + b" " + line.content
        return line.content

    def _bounded(self, data: bytes) -> bytes:
        if self._left is None:
            return data
        data = data[: self._left]
        self._left -= len(data)
        self.is_full = self._left == 0
        return data


def stamp_of(moment: datetime) -> bytes:
    """A moment in a form that sorts as text, with nanoseconds."""
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond:06}000".encode()


def normal_stamp(stamp: bytes) -> bytes:
    """A log line's time in the same form. Runtimes write UTC as Z or +00:00, others with their offset."""
    if stamp.endswith(b"Z"):
        whole, _, fraction = stamp[:-1].partition(b".")
        return whole + b"." + fraction.ljust(9, b"0")
    try:
        return stamp_of(times.parse(stamp.decode("ascii", "replace")))
    except times.TimeError:
        return b""
