"""The book: differences are minimal, and lead where writing everything anew would lead."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.network.proxy.test_rules import services

from wherry.network.proxy.book import Book, Delta, Value
from wherry.network.proxy.model import ServicePort
from wherry.network.proxy.rules import Place, Target, elements

steps = st.lists(st.tuples(services, st.booleans()), max_size=12)


def follow(state: dict[Place, Value], delta: Delta) -> None:
    """What the kernel does: it refuses to remove what is not there or to add what is."""
    for place, value in delta.removed.items():
        assert state.pop(place) == value
    for place, value in delta.added.items():
        assert place not in state
        state[place] = value


def chains_of(state: dict[Place, Value]) -> set[Target]:
    targets = [value for value in state.values() if isinstance(value, Target)]
    return {each for target in targets for each in (target, *target.needs)}


@given(steps)
def test_differences_add_up_to_what_is_wanted(steps: list[tuple[ServicePort, bool]]) -> None:
    book = Book()
    kernel: dict[Place, Value] = {}
    chains: set[Target] = set()
    wanted: dict[object, ServicePort] = {}
    for service, present in steps:
        if present:
            book.put(service.owner, elements(service))
            wanted[service.owner] = service
        else:
            book.drop(service.owner)
            wanted.pop(service.owner, None)
        delta = book.take()
        before = dict(kernel)
        follow(kernel, delta)
        chains = (chains - set(delta.chains_removed)) | set(delta.chains_added)
        assert chains == chains_of(kernel)
        assert all(before.get(place) != kernel.get(place) for place in (*delta.removed, *delta.added))
    oracle: dict[Place, Value] = {}
    for owner in sorted(wanted, reverse=True, key=str):  # the smallest comes last and stands
        oracle.update(elements(wanted[owner]))
    assert kernel == book.elements == oracle


def test_what_did_not_change_is_not_touched() -> None:
    book = Book()
    service = ServicePort("default", "web", 80, cluster_ips=("10.96.0.1",))
    book.put(service.owner, elements(service))
    assert book.take()
    book.put(service.owner, elements(service))
    assert not book.take()


def test_of_two_that_claim_an_address_the_older_has_it_until_it_goes() -> None:
    book = Book()
    place = ("svc4", "10.96.0.1 . tcp . 80")
    young, old = ("2026", "a", "a", "TCP", "80"), ("2025", "b", "b", "TCP", "80")
    book.put(young, {place: "drop"})
    book.put(old, {place: "goto refuse"})
    assert book.elements == {place: "goto refuse"}
    book.drop(old)
    assert book.take() == Delta({}, {place: "drop"})


def test_chains_come_before_those_that_go_to_them() -> None:
    book = Book()
    target = Target("vip", 3, local=1)
    book.put(("", "a", "a", "TCP", "80"), {("svc4", "k"): target})
    added = book.take().chains_added
    assert added[-1] == target
    assert set(added) == {target, *target.needs}
