"""The scripts: no packet meets rules that lead nowhere, not even one that is under way when they change."""

from __future__ import annotations

from dataclasses import replace

import pytest

from wherry.network.proxy.book import Book
from wherry.network.proxy.model import Endpoint, ServicePort
from wherry.network.proxy.rules import elements
from wherry.network.proxy.script import change

SERVICE = ServicePort(
    namespace="default", name="web", port=80, protocol="TCP", created="", cluster_ips=("10.96.0.10",)
)


def with_endpoints(*numbers: int) -> ServicePort:
    found = tuple(
        Endpoint(
            address=f"10.42.0.{number}",
            port=8080,
            ready=True,
            serving=True,
            terminating=False,
            local=True,
            near=True,
        )
        for number in numbers
    )
    return replace(SERVICE, endpoints=found)


def steps(old: ServicePort, new: ServicePort) -> tuple[str, ...]:
    book = Book()
    book.put(old.owner, elements(old))
    book.take()
    book.put(new.owner, elements(new))
    return change("wherry", book.take())


def position(scripts: tuple[str, ...], verb: str, map_: str) -> int:
    return next(at for at, script in enumerate(scripts) if f"{verb} element inet wherry {map_} " in script)


def test_a_new_endpoint_is_there_before_the_die_has_a_side_for_it() -> None:
    scripts = steps(with_endpoints(1, 2), with_endpoints(1, 2, 3))
    assert position(scripts, "add", "be4") < position(scripts, "add", "svc4")


def test_an_endpoint_goes_when_the_die_has_no_side_for_it_any_more() -> None:
    scripts = steps(with_endpoints(1, 2, 3), with_endpoints(1, 2))
    assert position(scripts, "add", "svc4") < position(scripts, "delete", "be4")
    assert "delete chain inet wherry vip-3" in scripts[-1]


def test_an_endpoint_that_takes_the_place_of_another_does_so_in_one_transaction() -> None:
    (script,) = (
        each
        for each in steps(with_endpoints(1, 2), with_endpoints(1, 3))
        if "element inet wherry be4" in each
    )
    assert script.index("delete element") < script.index("add element")


@pytest.mark.parametrize("numbers", [(1,), (1, 2, 3)])
def test_every_step_is_a_script_of_its_own(numbers: tuple[int, ...]) -> None:
    for script in steps(with_endpoints(1, 2), with_endpoints(*numbers)):
        assert script.strip()
        assert script.endswith("\n")
