from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.store import keys
from wherry.store.keys import SortedKeys, end_of

texts = st.text(alphabet="/ab\U0010ffff", max_size=5)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "BLOCK", 2)


@given(
    first=st.sets(texts),
    then=st.lists(texts),
    prefix=texts,
    after=texts,
    limit=st.integers(min_value=0, max_value=5),
)
def test_is_a_sorted_set_whatever_is_added_and_removed(
    first: set[str], then: list[str], prefix: str, after: str, limit: int
) -> None:
    model, fast = set(first), SortedKeys(first)
    for key in then:
        if key in model:
            model.remove(key)
            fast.remove(key)
        else:
            model.add(key)
            fast.add(key)
    slow = sorted(key for key in model if key.startswith(prefix) and (not after or key > after))
    assert fast.under("") == sorted(model)
    assert fast.under(prefix, after=after, limit=limit) == (slow[:limit] if limit else slow)
    assert len(fast) == len(model)


@given(prefix=texts, key=texts)
def test_the_end_of_a_prefix_separates_it_from_greater_keys(prefix: str, key: str) -> None:
    end = end_of(prefix)
    assert key.startswith(prefix) == (prefix <= key and (not end or key < end))
