"""Database: the SQLite file of a store.

One table is the log: a row per change, appended in front, trimmed from behind. The live entries are
the newest row of each key, so a write is one appended row and nothing is written twice. Memory answers
all reads; the file is read once, when it is opened.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import quote
from zlib import crc32

from wherry.store.interface import StoreDamaged, StoreError, StoreFull, StoreTooNew
from wherry.store.log import Write

APPLICATION: Final = 0x77687279  # "whry", in the file's header
VERSION: Final = 1
PAGE: Final = 8192  # bytes; a little faster than 4096 with objects of 3 KB

SCHEMA: Final = f"""
BEGIN;
CREATE TABLE log (revision INTEGER PRIMARY KEY, key TEXT NOT NULL, value BLOB, checksum INTEGER NOT NULL);
CREATE TABLE state (name TEXT PRIMARY KEY, number INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO state VALUES ('compacted', 0);
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {VERSION};
COMMIT;
"""

CHUNKS: Final = (1, 8, 64)
"""Rows of one INSERT. One statement for many rows, padded, because each statement gives up the
interpreter's lock, and to win it back from a busy event loop takes milliseconds."""

INSERT: Final = {
    count: "INSERT INTO log SELECT * FROM (VALUES "
    + ", ".join(["(?, ?, ?, ?)"] * count)
    + ") WHERE column1 IS NOT NULL"
    for count in CHUNKS
}

IDLE_PAGES: Final = 1024
"""Free pages that are left for the next writes; beyond that, a quarter of the file may be free."""

RETURNED_PAGES: Final = 512
"""Most pages given back to the file system in one transaction."""

WAL_LIMIT: Final = 16 << 20
"""Bytes: a write-ahead log that had to grow larger is cut to this size."""


class Database:
    """An open file. Used by one thread at a time; whoever opens it holds the lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        create_private(path)
        self._connection = connect(path, "rw")
        try:
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def _prepare(self) -> None:
        run = self._connection.execute
        run(f"PRAGMA page_size = {PAGE}")
        run("PRAGMA auto_vacuum = INCREMENTAL")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run(f"PRAGMA journal_size_limit = {WAL_LIMIT}")
        if self._number("PRAGMA user_version") == 0:
            self._connection.executescript(SCHEMA)

    def commit(self, writes: Sequence[Write], useless: Sequence[int], compacted: int) -> None:
        """Append `writes` and drop the `useless` rows, all or nothing, on the disk when this returns."""
        if len(writes) <= CHUNKS[-1] and not useless:
            self._insert(writes)
            return
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            for start in range(0, len(writes), CHUNKS[-1]):
                self._insert(writes[start : start + CHUNKS[-1]])
            if useless:
                self._drop(useless, compacted)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        if useless:
            self._give_back()

    def _insert(self, writes: Sequence[Write]) -> None:
        if not writes:
            return
        count = next(size for size in CHUNKS if len(writes) <= size)
        values: list[object] = []
        for write in writes:
            values += (write.revision, write.key, write.value, checksum(*write))
        values += [None] * (4 * (count - len(writes)))
        self._connection.execute(INSERT[count], values)

    def _drop(self, useless: Sequence[int], compacted: int) -> None:
        run = self._connection.execute
        run("DELETE FROM log WHERE revision IN (SELECT value FROM json_each(?))", (str(list(useless)),))
        run("UPDATE state SET number = ? WHERE name = 'compacted'", (compacted,))

    def _give_back(self) -> None:
        """Shorten the file if much of it is free. What fails now is done at another time."""
        with suppress(sqlite3.Error):
            free = self._number("PRAGMA freelist_count")
            if free > max(IDLE_PAGES, self._number("PRAGMA page_count") // 4):
                # As a script: `execute` would stop after the first page, for want of a result.
                pages = min(free - IDLE_PAGES, RETURNED_PAGES)
                self._connection.executescript(f"PRAGMA incremental_vacuum({pages})")

    def close(self) -> None:
        self._connection.close()

    def _number(self, sql: str) -> int:
        return int(self._connection.execute(sql).fetchone()[0])


class Reading:
    """A first look at a file that may be damaged or foreign: read-only, so it stays as it was found."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = connect(path, "ro")

    def close(self) -> None:
        self._connection.close()

    def compacted(self) -> int | None:
        """The revision that history was compacted to; None if the file is one that was only begun."""
        application = self._number("PRAGMA application_id")
        version = self._number("PRAGMA user_version")
        if application == 0 and version == 0 and not self._number("SELECT count(*) FROM sqlite_master"):
            return None
        if application != APPLICATION:
            raise damaged(self._path, "it is a database of some other program")
        if version > VERSION:
            raise StoreTooNew(
                f"{self._path} has layout {version}, this version of the program knows {VERSION}: "
                "upgrade the program, or restore a backup made by this version"
            )
        (finding,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        if finding != "ok":
            raise damaged(self._path, finding.splitlines()[-1])
        return self._number("SELECT number FROM state WHERE name = 'compacted'")

    def rows(self) -> Iterator[Write]:
        """All rows, oldest first, each compared with its checksum."""
        rows = self._connection.execute("SELECT revision, key, value, checksum FROM log ORDER BY revision")
        for revision, key, value, expected in rows:
            if checksum(key, value, revision) != expected:
                raise damaged(self._path, f"revision {revision} is not what was written")
            yield Write(key, value, revision)

    def _number(self, sql: str) -> int:
        return int(self._connection.execute(sql).fetchone()[0])


def exists(path: Path) -> bool:
    """Whether there is something to read. An empty file is a beginning, unless a log stands beside it."""
    if path.exists() and path.stat().st_size:
        return True
    wal = path.with_name(path.name + "-wal")
    if wal.exists() and wal.stat().st_size:
        raise damaged(path, f"it is empty or missing, but {wal.name} is not")
    return False


def create_private(path: Path) -> None:
    """Secrets are stored here: nobody else may read the file. SQLite gives its other files the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))


def connect(path: Path, mode: str) -> sqlite3.Connection:
    # One thread at a time, though not always the same one: the writer thread, or who opens and closes.
    return sqlite3.connect(
        f"file:{quote(str(path))}?mode={mode}", uri=True, isolation_level=None, check_same_thread=False
    )


def copy(path: Path, target: Path) -> None:
    """A consistent copy of an open store's file, while it is being written to."""
    create_private(target)
    source, destination = connect(path, "ro"), connect(target, "rw")
    try:
        source.backup(destination)
    finally:
        destination.close()
        source.close()


def checksum(key: str, value: bytes | None, revision: int) -> int:
    """Of a whole row: SQLite itself would not notice a flipped bit in a value."""
    return crc32(value or b"", crc32(f"{revision} {key}".encode()))


def damaged(path: Path, why: str) -> StoreDamaged:
    return StoreDamaged(
        f"{path} is damaged: {why}. It was left as it is: restore a backup in its place, "
        f"or move {path.name} and {path.name}-wal away to start empty"
    )


def explain(path: Path, error: Exception) -> StoreError:
    """What SQLite says, in terms of the store. Extended error codes carry the kind in their low byte."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return StoreFull(
                f"no room to write to {path}: free some space in {path.parent}; "
                "reading goes on, and writing will as soon as there is room"
            )
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return damaged(path, str(error))
        case _:
            return StoreError(
                f"cannot use {path}: {error}: see that {path.parent} is writable and its disk is in order"
            )
