"""The behaviour of every store backend."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from wherry.store.interface import (
    ABSENT,
    ANY,
    EMPTY,
    Change,
    Compacted,
    Conflict,
    Entry,
    FutureRevision,
    Store,
    StoreClosed,
    StoreError,
)
from wherry.store.log import Retention

OpenStore = Callable[..., Awaitable[Store]]
PODS = "/registry/core/pods/"


async def keys(store: Store, prefix: str = "", *, at: int = 0, after: str = "", limit: int = 0) -> list[str]:
    entries, _ = await store.range(prefix, at=at, after=after, limit=limit)
    return [entry.key for entry in entries]


async def take(changes: AsyncIterator[Sequence[Change]], count: int) -> list[Change]:
    """The next `count` changes of a watch."""
    seen: list[Change] = []
    while len(seen) < count:
        seen += await asyncio.wait_for(anext(changes), 10)
    assert len(seen) == count
    return seen


async def settle() -> None:
    """Let every task run until it waits."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_an_empty_store_stands_at_revision_one_since_zero_means_any(store: Store) -> None:
    assert store.revision == EMPTY == 1
    assert await store.range("") == ([], 1)


async def test_what_was_put_is_found_with_the_revision_of_its_last_modification(store: Store) -> None:
    first = await store.put("/a", b"1", expect=ABSENT)
    other = await store.put("/b", b"1", expect=ABSENT)
    last = await store.put("/a", b"2", expect=first)
    assert EMPTY < first < other < last == store.revision
    assert await store.range("/a") == ([Entry("/a", b"2", last)], last)


async def test_the_bytes_given_are_the_bytes_held(store: Store) -> None:
    value = b"x" * 3000
    changes = store.watch("", since=0)
    await store.put("/a", value, expect=ABSENT)
    (entry,), _ = await store.range("")
    (change,) = await take(changes, 1)
    assert entry.value is value
    assert change.value is value


async def test_an_empty_value_is_not_a_deletion(store: Store) -> None:
    revision = await store.put("/a", b"", expect=ABSENT)
    assert await store.range("") == ([Entry("/a", b"", revision)], revision)


async def test_only_the_first_of_two_writers_wins(store: Store) -> None:
    revision = await store.put("/a", b"1", expect=ABSENT)
    newer = await store.put("/a", b"2", expect=revision)
    with pytest.raises(Conflict) as caught:
        await store.put("/a", b"3", expect=revision)
    assert (caught.value.key, caught.value.expected, caught.value.actual) == ("/a", revision, newer)


async def test_what_exists_cannot_be_created(store: Store) -> None:
    revision = await store.put("/a", b"1", expect=ABSENT)
    with pytest.raises(Conflict) as caught:
        await store.put("/a", b"2", expect=ABSENT)
    assert caught.value.actual == revision


async def test_what_does_not_exist_cannot_be_updated(store: Store) -> None:
    with pytest.raises(Conflict) as caught:
        await store.put("/a", b"2", expect=7)
    assert caught.value.actual == ABSENT


async def test_an_unconditional_put_creates_and_updates(store: Store) -> None:
    await store.put("/a", b"1", expect=ANY)
    await store.put("/a", b"2", expect=ANY)
    (entry,), _ = await store.range("")
    assert entry.value == b"2"


async def test_a_deleted_key_is_absent_and_can_be_created_again(store: Store) -> None:
    revision = await store.put("/a", b"1", expect=ABSENT)
    deleted = await store.delete("/a", expect=revision)
    assert await store.range("") == ([], deleted)
    assert await store.put("/a", b"2", expect=ABSENT) > deleted > revision


@pytest.mark.parametrize("expect", [ANY, ABSENT, 5])
async def test_deleting_what_does_not_exist_is_a_conflict_whatever_was_expected(
    store: Store, expect: int
) -> None:
    with pytest.raises(Conflict) as caught:
        await store.delete("/a", expect=expect)
    assert caught.value.actual == ABSENT
    assert store.revision == EMPTY


async def test_a_deletion_expects_like_a_put(store: Store) -> None:
    revision = await store.put("/a", b"1", expect=ABSENT)
    with pytest.raises(Conflict):
        await store.delete("/a", expect=revision + 1)
    with pytest.raises(Conflict):
        await store.delete("/a", expect=ABSENT)
    await store.delete("/a", expect=ANY)
    assert await keys(store) == []


async def test_of_many_concurrent_creators_one_wins_and_all_see_the_winner(store: Store) -> None:
    async def create(value: bytes) -> bool:
        try:
            return await store.put("/a", value, expect=ABSENT) == store.revision
        except Conflict as conflict:
            (entry,), _ = await store.range("/a")
            return entry.revision != conflict.actual

    assert sum(await asyncio.gather(*(create(b"%d" % number) for number in range(50)))) == 1


async def test_concurrent_increments_are_all_counted(store: Store) -> None:
    await store.put("/count", b"0", expect=ABSENT)

    async def increment() -> None:
        while True:
            (entry,), _ = await store.range("/count")
            try:
                await store.put("/count", b"%d" % (int(entry.value) + 1), expect=entry.revision)
                return
            except Conflict:
                continue

    await asyncio.gather(*(increment() for _ in range(20)))
    (entry,), revision = await store.range("/count")
    assert entry == Entry("/count", b"20", revision)


async def test_a_range_holds_what_is_under_its_prefix_in_the_order_of_keys(store: Store) -> None:
    for key in (
        f"{PODS}b/2",
        f"{PODS}a/1",
        "/registry/core/podsets/x",
        f"{PODS}b/10",
        "/registry/core/nodes/n",
    ):
        await store.put(key, b"", expect=ABSENT)
    assert await keys(store, PODS) == [f"{PODS}a/1", f"{PODS}b/10", f"{PODS}b/2"]
    assert await keys(store, f"{PODS}b/") == [f"{PODS}b/10", f"{PODS}b/2"]
    assert len(await keys(store)) == 5


async def test_pages_together_are_the_whole_as_it_was_at_the_first_page(store: Store) -> None:
    for number in range(10):
        await store.put(f"{PODS}{number}", b"old", expect=ABSENT)
    page, revision = await store.range(PODS, limit=4)
    await store.delete(f"{PODS}5", expect=ANY)
    await store.put(f"{PODS}6", b"new", expect=ANY)
    await store.put(f"{PODS}55", b"new", expect=ABSENT)
    found = list(page)
    while page:
        page, at = await store.range(PODS, at=revision, after=page[-1].key, limit=4)
        assert at == revision
        found += page
    assert [entry.key for entry in found] == [f"{PODS}{number}" for number in range(10)]
    assert {entry.value for entry in found} == {b"old"}


async def test_a_range_at_an_older_revision_shows_the_entries_of_then(store: Store) -> None:
    first = await store.put("/a", b"1", expect=ABSENT)
    second = await store.put("/b", b"1", expect=ABSENT)
    await store.put("/a", b"2", expect=first)
    await store.delete("/b", expect=second)
    assert await store.range("", at=second) == ([Entry("/a", b"1", first), Entry("/b", b"1", second)], second)
    assert await keys(store, at=first) == ["/a"]
    assert await keys(store, at=EMPTY) == []


async def test_a_range_at_a_revision_to_come_is_refused(store: Store) -> None:
    with pytest.raises(FutureRevision):
        await store.range("", at=store.revision + 1)


async def test_a_watch_shows_the_past_then_the_present_in_order_and_once(store: Store) -> None:
    first = await store.put("/a", b"1", expect=ABSENT)
    second = await store.put("/a", b"2", expect=first)
    changes = store.watch("/", since=first)
    assert await take(changes, 1) == [Change("/a", b"2", second, b"1", False)]
    third = await store.delete("/a", expect=second)
    fourth = await store.put("/a", b"3", expect=ABSENT)
    assert await take(changes, 2) == [
        Change("/a", None, third, b"2", False),
        Change("/a", b"3", fourth, None, True),
    ]


async def test_a_watch_that_waits_is_woken_by_a_change_under_its_prefix_only(store: Store) -> None:
    changes = store.watch(PODS, since=store.revision)
    waiting = asyncio.ensure_future(take(changes, 1))
    await settle()
    await store.put("/registry/core/nodes/n", b"", expect=ABSENT)
    revision = await store.put(f"{PODS}a", b"", expect=ABSENT)
    assert [change.revision for change in await waiting] == [revision]


async def test_a_watch_may_begin_at_a_revision_to_come(store: Store) -> None:
    changes = store.watch("", since=store.revision + 1)
    waiting = asyncio.ensure_future(take(changes, 1))
    await settle()
    await store.put("/a", b"1", expect=ABSENT)
    second = await store.put("/b", b"1", expect=ABSENT)
    assert [change.revision for change in await waiting] == [second]


async def test_a_writer_finds_its_write_and_the_watch_shows_no_more_than_is_found(store: Store) -> None:
    seen: list[int] = []

    async def observe() -> None:
        async for batch in store.watch("", since=EMPTY):
            for change in batch:
                assert change.revision <= store.revision
                seen.append(change.revision)

    async def write(writer: int) -> None:
        for number in range(20):
            revision = await store.put(f"/{writer}/{number}", b"x", expect=ABSENT)
            (entry,), _ = await store.range(f"/{writer}/{number}")
            assert entry.revision == revision

    observer = asyncio.ensure_future(observe())
    await asyncio.gather(*(write(writer) for writer in range(8)))
    await store.close()
    await observer
    assert seen == list(range(EMPTY + 1, EMPTY + 161))


async def test_one_watch_given_up_leaves_the_others_alone(store: Store) -> None:
    watches = [asyncio.ensure_future(take(store.watch("/", since=EMPTY), 1)) for _ in range(3)]
    await settle()
    watches[1].cancel()
    await store.put("/a", b"1", expect=ABSENT)
    assert await watches[0] == await watches[2]


async def test_history_before_a_compaction_is_gone_and_the_rest_is_there(store: Store) -> None:
    first = await store.put("/a", b"1", expect=ABSENT)
    second = await store.put("/a", b"2", expect=first)
    third = await store.put("/a", b"3", expect=second)
    await store.compact(second)
    assert await store.range("", at=second) == ([Entry("/a", b"2", second)], second)
    assert await take(store.watch("", since=second), 1) == [Change("/a", b"3", third, b"2", False)]
    with pytest.raises(Compacted) as caught:
        await store.range("", at=first)
    assert (caught.value.since, caught.value.oldest) == (first, second)
    with pytest.raises(Compacted):
        await take(store.watch("", since=first), 1)


async def test_compaction_never_goes_back_nor_beyond_the_newest(store: Store) -> None:
    revision = await store.put("/a", b"1", expect=ABSENT)
    await store.compact(revision + 100)
    await store.compact(1)
    newer = await store.put("/a", b"2", expect=revision)
    assert [change.revision for change in await take(store.watch("", since=revision), 1)] == [newer]


async def test_a_watch_left_behind_by_compaction_is_told_so(store: Store) -> None:
    changes = store.watch("", since=EMPTY)
    await store.put("/a", b"1", expect=ABSENT)
    await take(changes, 1)
    for _ in range(3):
        await store.put("/a", b"2", expect=ANY)
    await store.compact(store.revision)
    with pytest.raises(Compacted):
        await anext(changes)


async def test_a_waiting_watch_outlives_the_compaction_of_what_does_not_concern_it(store: Store) -> None:
    changes = store.watch("/mine/", since=EMPTY)
    waiting = asyncio.ensure_future(take(changes, 1))
    await settle()
    for _ in range(3):
        await store.put("/theirs/a", b"", expect=ANY)
    await store.compact(store.revision)
    revision = await store.put("/mine/a", b"", expect=ABSENT)
    assert [change.revision for change in await waiting] == [revision]


async def test_old_history_goes_by_itself_as_soon_as_something_is_written(
    open_store: OpenStore, elapse: Callable[[float], None]
) -> None:
    store = await open_store(Retention(seconds=300, changes=8))
    for _ in range(20):
        await store.put("/a", b"x", expect=ANY)
    young = store.revision
    assert len(await take(store.watch("", since=EMPTY), 20)) == 20
    elapse(301)
    await store.put("/a", b"x", expect=ANY)
    await store.put("/a", b"x", expect=ANY)
    with pytest.raises(Compacted) as caught:
        await take(store.watch("", since=EMPTY), 1)
    assert young - 8 <= caught.value.oldest <= young


async def test_history_is_bounded_in_bytes_however_young_it_is(open_store: OpenStore) -> None:
    store = await open_store(Retention(size=1 << 20))
    for _ in range(60):
        await store.put("/a", bytes(100_000), expect=ANY)
    with pytest.raises(Compacted) as caught:
        await store.range("", at=2)
    kept = await take(store.watch("", since=caught.value.oldest), store.revision - caught.value.oldest)
    assert 8 <= len(kept) <= 12


async def test_a_cancelled_writer_disturbs_nobody(store: Store) -> None:
    writers = [asyncio.ensure_future(store.put(f"/{number}", b"", expect=ABSENT)) for number in range(3)]
    await asyncio.sleep(0)
    writers[1].cancel()
    assert await writers[0] < await writers[2]
    assert await store.put("/more", b"", expect=ABSENT) == store.revision


async def test_closing_ends_watches_and_refuses_writes(store: Store) -> None:
    async def count() -> int:
        return sum([len(batch) async for batch in store.watch("", since=EMPTY)])

    counting = asyncio.ensure_future(count())
    await store.put("/a", b"1", expect=ABSENT)
    await settle()
    await store.close()
    await store.close()
    assert await counting == 1
    with pytest.raises(StoreClosed):
        await store.put("/a", b"1", expect=ANY)
    with pytest.raises(StoreClosed):
        await store.delete("/a", expect=ANY)


def test_every_error_of_a_store_is_a_store_error_that_says_what_to_do() -> None:
    for error in (Conflict("/a", 3, 4), Conflict("/a", ABSENT, 4), Conflict("/a", ANY, ABSENT)):
        assert isinstance(error, StoreError)
        assert "retry" in str(error)
    assert "read the newest state" in str(Compacted(1, 5))
    assert "wait" in str(FutureRevision(9, 5))
