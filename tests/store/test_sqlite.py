"""What the SQLite store adds to the behaviour of every store: it outlives its process."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from wherry.machinery.clock import Clock
from wherry.store.interface import (
    ABSENT,
    ANY,
    Change,
    Compacted,
    Conflict,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreTooNew,
)
from wherry.store.log import Retention
from wherry.store.sqlite import SqliteStore

OBJECT = bytes(range(256)) * 12


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "store.db"


@pytest.fixture
async def store(path: Path, clock: Clock) -> AsyncIterator[SqliteStore]:
    store = await SqliteStore.open(path, clock=clock)
    yield store
    await store.close()


async def fill(store: SqliteStore, count: int) -> None:
    await asyncio.gather(*(store.put(f"/pods/{n:04}", OBJECT, expect=ABSENT) for n in range(count)))


def pages(path: Path) -> int:
    reader = sqlite3.connect(path)
    count = reader.execute("PRAGMA page_count").fetchone()[0]
    reader.close()
    assert isinstance(count, int)
    return count


def limit(store: SqliteStore, count: int) -> None:
    """A disk with room for so many pages: SQLite fails as it does when there is no more."""
    store._file._connection.execute(f"PRAGMA max_page_count = {count}")


def replace(path: Path, data: bytes | bytearray) -> None:
    path.write_bytes(data)


def damaged(data: bytearray, how: str) -> bytearray:
    match how:
        case "header":
            data[:16] = b"something else.."
        case "value":
            data[data.rindex(OBJECT[:200]) + 100] ^= 1
        case "page":
            data[len(data) // 2 // 8192 * 8192] ^= 1
        case "truncated":
            del data[len(data) // 2 :]
        case "schema":
            data[100:200] = bytes(100)
        case "emptied":
            data.clear()
    return data


def contents(path: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in path.parent.iterdir() if not file.name.endswith("lock")}


async def test_entries_revision_and_history_survive_a_restart(
    store: SqliteStore, path: Path, clock: Clock
) -> None:
    first = await store.put("/a", b"1", expect=ABSENT)
    second = await store.put("/b", b"1", expect=ABSENT)
    third = await store.put("/a", b"2", expect=first)
    await store.delete("/b", expect=second)
    before = await store.range("")
    await store.close()
    again = await SqliteStore.open(path, clock=clock)
    assert await again.range("") == before
    assert len((await again.range("", at=second))[0]) == 2
    assert await anext(again.watch("", since=second)) == [
        Change("/a", b"2", third, b"1", False),
        Change("/b", None, third + 1, b"1", False),
    ]
    await again.close()


async def test_a_compaction_survives_a_restart(store: SqliteStore, path: Path, clock: Clock) -> None:
    first = await store.put("/a", b"1", expect=ABSENT)
    second = await store.put("/a", b"2", expect=first)
    await store.compact(second)
    await store.close()
    again = await SqliteStore.open(path, clock=clock)
    with pytest.raises(Compacted):
        await again.range("", at=first)
    await again.close()


async def test_revisions_never_repeat_though_everything_was_deleted_and_compacted(
    store: SqliteStore, path: Path, clock: Clock
) -> None:
    await store.put("/a", b"1", expect=ABSENT)
    last = await store.delete("/a", expect=ANY)
    await store.compact(last)
    await store.close()
    rows = sqlite3.connect(path)
    assert rows.execute("SELECT count(*) FROM log").fetchone() == (0,)
    rows.close()
    again = await SqliteStore.open(path, clock=clock)
    assert again.revision == last
    assert await again.put("/a", b"1", expect=ABSENT) == last + 1
    await again.close()


async def test_nobody_else_can_read_the_file(store: SqliteStore, path: Path) -> None:
    await store.put("/secrets/a", b"1", expect=ABSENT)
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


async def test_a_store_is_open_once(store: SqliteStore, path: Path, clock: Clock) -> None:
    with pytest.raises(StoreBusy, match=f"{path} is in use by process {os.getpid()}"):
        await SqliteStore.open(path, clock=clock)
    await store.put("/a", b"1", expect=ABSENT)
    await store.close()
    await (await SqliteStore.open(path, clock=clock)).close()


async def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path, clock: Clock) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"file/store.db: .*see that its folder can be written to"):
        await SqliteStore.open(tmp_path / "file" / "store.db", clock=clock)


async def test_a_loser_learns_of_its_conflict_when_the_winner_can_be_read(store: SqliteStore) -> None:
    winner = asyncio.ensure_future(store.put("/a", b"1", expect=ABSENT))
    loser = asyncio.ensure_future(store.put("/a", b"2", expect=ABSENT))
    with pytest.raises(Conflict) as caught:
        await loser
    assert caught.value.actual == await winner == store.revision


async def test_a_full_disk_fails_writes_and_leaves_the_rest_working(store: SqliteStore, path: Path) -> None:
    await fill(store, 10)
    before = await store.range("")
    limit(store, pages(path) + 4)
    changes = store.watch("", since=store.revision)
    results = await asyncio.gather(
        *(store.put("/big", bytes(30_000), expect=ANY) for _ in range(5)), return_exceptions=True
    )
    assert StoreFull in {type(result) for result in results}
    with pytest.raises(StoreFull, match="free some space"):
        await store.put("/huge", bytes(300_000), expect=ABSENT)
    known = [result for result in results if isinstance(result, int)]
    assert store.revision == max(known, default=before[1])
    assert len((await store.range("/pods/"))[0]) == 10
    limit(store, 100_000)
    last = await store.put("/huge", bytes(300_000), expect=ABSENT)
    seen: list[int] = []
    while last not in seen:
        seen += [change.revision for change in await anext(changes)]
    assert seen == list(range(before[1] + 1, last + 1)), "a watcher sees no number twice and none missing"


async def test_what_was_decided_on_top_of_a_failed_write_fails_with_it(
    store: SqliteStore, path: Path
) -> None:
    first = await store.put("/a", b"1", expect=ABSENT)
    limit(store, pages(path))
    results = await asyncio.gather(
        store.put("/b", bytes(300_000), expect=ABSENT),
        store.put("/a", b"2", expect=first),
        store.put("/a", b"3", expect=first + 2),
        return_exceptions=True,
    )
    assert {type(result) for result in results} == {StoreFull}
    limit(store, 100_000)
    assert await store.put("/a", b"2", expect=first) == first + 1


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", disk], check=True)
    yield disk
    subprocess.run(["umount", disk], check=True)


def make_room(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=8m", disk], check=True)


@pytest.mark.machine
async def test_a_disk_that_is_really_full_is_survived_too(small_disk: Path, clock: Clock) -> None:
    path = small_disk / "store.db"
    store = await SqliteStore.open(path, clock=clock)
    acknowledged = 0

    async def write_on() -> None:
        nonlocal acknowledged
        while True:
            acknowledged = await store.put(f"/pods/{acknowledged:04}", OBJECT, expect=ABSENT)

    with pytest.raises(StoreFull):
        await write_on()
    assert (await store.range(""))[1] == acknowledged == store.revision
    make_room(small_disk)
    last = await store.put("/pods/more", OBJECT, expect=ABSENT)
    before = await store.range("")
    await store.close()
    again = await SqliteStore.open(path, clock=clock)
    assert await again.range("") == before
    assert again.revision == last == acknowledged + 1
    await again.close()


async def test_a_loop_that_never_rests_does_not_starve_the_writer(store: SqliteStore) -> None:
    writing = asyncio.ensure_future(store.put("/a", b"1", expect=ABSENT))
    rounds = 0
    while not writing.done() and rounds < 2000:
        rounds += 1
        until = time.perf_counter() + 0.0005
        while time.perf_counter() < until:
            pass
        await asyncio.sleep(0)
    assert rounds < 2000, "a second went by"
    assert await writing == store.revision


async def test_a_key_that_cannot_be_stored_fails_alone(store: SqliteStore) -> None:
    with pytest.raises(StoreError):
        await store.put("/\ud800", b"1", expect=ABSENT)
    assert await store.put("/a", b"1", expect=ABSENT) == store.revision


async def test_heartbeats_do_not_grow_the_file(path: Path, clock: Clock) -> None:
    retention = Retention(seconds=0, changes=1000, size=1 << 20)
    store = await SqliteStore.open(path, clock=clock, retention=retention)
    for number in range(250):
        await asyncio.gather(*(store.put("/leases/a", b"%d" % number * 150, expect=ANY) for _ in range(200)))
    size = sum(map(len, contents(path).values()))
    assert store.revision > 50_000
    assert size < 32 << 20
    await store.close()
    assert sum(map(len, contents(path).values())) < 4 << 20


async def test_space_is_given_back_after_a_large_deletion(path: Path, clock: Clock) -> None:
    store = await SqliteStore.open(path, clock=clock)
    await fill(store, 6000)
    await asyncio.gather(*(store.delete(f"/pods/{n:04}", expect=ANY) for n in range(6000)))
    await store.compact(store.revision)
    grown = pages(path)
    for _ in range(20):
        await store.compact(await store.put("/leases/a", b"x", expect=ANY))
    assert pages(path) < grown / 2
    await store.close()


async def test_a_backup_is_a_store_with_what_was_durable(
    store: SqliteStore, tmp_path: Path, clock: Clock
) -> None:
    await fill(store, 100)
    await store.backup(tmp_path / "backup.db")
    await store.put("/later", b"", expect=ABSENT)
    copy = await SqliteStore.open(tmp_path / "backup.db", clock=clock)
    assert len((await copy.range(""))[0]) == 100
    await copy.close()
    with pytest.raises(StoreError, match="see that there is room"):
        await store.backup(tmp_path / "missing" / "backup.db")


@pytest.mark.parametrize("damage", ["header", "value", "page", "truncated", "schema", "emptied"])
async def test_a_damaged_file_is_refused_and_left_as_it_is(
    store: SqliteStore, path: Path, clock: Clock, damage: str
) -> None:
    await fill(store, 200)
    await store.close()
    replace(path, damaged(bytearray(contents(path)["store.db"]), damage))
    if damage == "emptied":
        replace(path.with_name("store.db-wal"), b"committed, but to what?")
    found = contents(path)
    with pytest.raises(StoreDamaged, match=f"{path} is damaged: .* restore a backup .* or move"):
        await SqliteStore.open(path, clock=clock)
    assert found.items() <= contents(path).items()


async def test_a_file_of_some_other_program_is_not_touched(path: Path, clock: Clock) -> None:
    path.parent.mkdir()
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE theirs (a)")
    other.close()
    found = contents(path)
    with pytest.raises(StoreDamaged, match="some other program"):
        await SqliteStore.open(path, clock=clock)
    assert contents(path) == found


async def test_a_file_of_a_later_version_is_not_touched(store: SqliteStore, path: Path, clock: Clock) -> None:
    await store.close()
    later = sqlite3.connect(path)
    later.execute("PRAGMA user_version = 2")
    later.close()
    with pytest.raises(StoreTooNew, match="upgrade the program"):
        await SqliteStore.open(path, clock=clock)


async def test_a_file_that_was_only_begun_is_begun_again(path: Path, clock: Clock) -> None:
    path.parent.mkdir()
    replace(path, b"")
    store = await SqliteStore.open(path, clock=clock)
    await store.put("/a", b"1", expect=ABSENT)
    await store.close()


WRITER = """
import asyncio, sys
from datetime import datetime, timezone
from wherry.store.interface import ANY
from wherry.store.log import Retention
from wherry.store.sqlite import SqliteStore

class Clock:
    def monotonic(self): return 0.0

async def main():
    store = await SqliteStore.open(sys.argv[1], clock=Clock(), retention=Retention(0, 50, 1 << 20))
    async def write(writer):
        number = 0
        while True:
            number += 1
            revision = await store.put(f"/{writer}/{number % 20}", b"%d" % number * 500, expect=ANY)
            sys.stdout.write(f"{writer} {number} {revision}\\n")
            sys.stdout.flush()
    await asyncio.gather(*map(write, range(8)))

asyncio.run(main())
"""


async def acknowledged_until_killed(path: Path, count: int) -> dict[str, tuple[int, int]]:
    """Run a process that writes; kill it after `count` acknowledgements; return the last one of each key."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines = [await process.stdout.readline() for _ in range(count)]
    process.send_signal(signal.SIGKILL)
    lines += (await process.stdout.read()).splitlines(keepends=True)
    await process.wait()
    last: dict[str, tuple[int, int]] = {}
    for line in lines:
        if line.endswith(b"\n"):
            writer, number, revision = map(int, line.split())
            last[f"/{writer}/{number % 20}"] = (revision, number)
    return last


async def test_kill_9_loses_no_acknowledged_write(path: Path, clock: Clock) -> None:
    for count in (1, 100, 1000, 3000):
        acknowledged = await acknowledged_until_killed(path, count)
        store = await SqliteStore.open(path, clock=clock)
        entries, revision = await store.range("")
        found = {entry.key: entry for entry in entries}
        for key, (written, number) in acknowledged.items():
            entry = found[key]
            assert entry.revision > written or entry.value == b"%d" % number * 500
            assert written <= entry.revision <= revision
        await store.close()
