"""`serviceaccounts/token`: what is asked for, what is given."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.conftest import Driver, pod

from wherry.apiserver.subresources.token import MOUNTED_SECONDS, YEAR
from wherry.machinery.errors import Conflict, Invalid, NotFound
from wherry.machinery.schema import Tree
from wherry.machinery.times import parse


async def ask(api: Driver, name: str = "default", **spec: Any) -> Tree:
    return await api.tree("create", "serviceaccounts", name, {"spec": spec}, subresource="token")


def claims(api: Driver, answer: Tree) -> Any:
    assert api.api.tokens is not None
    return api.api.tokens.verify(answer["status"]["token"], api.api.clock.now())


async def test_without_wishes_it_is_an_hour_for_the_api_server(api: Driver) -> None:
    answer = await ask(api)
    found = claims(api, answer)
    assert (answer["kind"], answer["apiVersion"]) == ("TokenRequest", "authentication.k8s.io/v1")
    assert answer["spec"]["expirationSeconds"] == found["exp"] - found["iat"] == 3600
    assert answer["spec"]["audiences"] == found["aud"]
    assert parse(answer["status"]["expirationTimestamp"]).timestamp() == found["exp"]


async def test_what_a_pod_mounts_lives_for_a_year_and_warns_after_an_hour(api: Driver) -> None:
    """Upstream extends the tokens that old clients read once and never again."""
    await api.create("pods", pod("p"))
    bound = {"apiVersion": "v1", "kind": "Pod", "name": "p"}
    answer = await ask(api, expirationSeconds=MOUNTED_SECONDS, boundObjectRef=bound)
    found = claims(api, answer)
    assert found["exp"] - found["iat"] == YEAR
    assert found["kubernetes.io"]["warnafter"] - found["iat"] == MOUNTED_SECONDS
    assert parse(answer["status"]["expirationTimestamp"]).timestamp() == found["iat"] + MOUNTED_SECONDS


async def test_a_token_of_a_placed_pod_names_its_node(api: Driver) -> None:
    node = await api.create("nodes", {"metadata": {"name": "n1"}})
    await api.create("pods", pod("p", nodeName="n1"))
    answer = await ask(api, boundObjectRef={"apiVersion": "v1", "kind": "Pod", "name": "p"})
    assert claims(api, answer)["kubernetes.io"]["node"] == {"name": "n1", "uid": node["metadata"]["uid"]}


@pytest.mark.parametrize("seconds", [1, 599, (1 << 32) + 1])
async def test_too_short_or_too_long_is_refused(api: Driver, seconds: int) -> None:
    with pytest.raises(Invalid, match=r"spec\.expirationSeconds"):
        await ask(api, expirationSeconds=seconds)


async def test_what_is_not_there_has_no_token(api: Driver) -> None:
    with pytest.raises(NotFound, match='serviceaccounts "none" not found'):
        await ask(api, "none")
    with pytest.raises(NotFound, match='pods "none" not found'):
        await ask(api, boundObjectRef={"apiVersion": "v1", "kind": "Pod", "name": "none"})


async def test_a_token_is_not_bound_to_another_pod_of_the_name(api: Driver) -> None:
    await api.create("pods", pod("p"))
    with pytest.raises(Conflict, match=r"the UID in the bound object reference \(x\) does not match"):
        await ask(api, boundObjectRef={"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "x"})


async def test_a_token_is_not_bound_to_just_anything(api: Driver) -> None:
    with pytest.raises(Invalid, match="cannot bind token to object of type v1, Kind=ConfigMap"):
        await ask(api, boundObjectRef={"apiVersion": "v1", "kind": "ConfigMap", "name": "c"})
