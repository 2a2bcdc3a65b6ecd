"""A token is void once its account, or what it is bound to, is gone."""

from __future__ import annotations

import pytest
from tests.apiserver.conftest import Driver, pod

from wherry.apiserver.authn.tokens import EXTRA
from wherry.machinery.schema import Tree

BOUND = {"apiVersion": "v1", "kind": "Pod", "name": "p"}


async def token(api: Driver, **spec: object) -> str:
    answer = await api.tree("create", "serviceaccounts", "default", {"spec": spec}, subresource="token")
    return str(answer["status"]["token"])


async def review(api: Driver, text: str, *audiences: str) -> Tree:
    body = {"spec": {"token": text, "audiences": list(audiences)}}
    status: Tree = (await api.create("tokenreviews", body))["status"]
    return status


async def test_a_token_is_its_accounts(api: Driver) -> None:
    status = await review(api, await token(api))
    account = await api.get("serviceaccounts", "default")
    assert status["authenticated"]
    user = status["user"]
    assert user["username"] == "system:serviceaccount:default:default"
    assert user["uid"] == account["metadata"]["uid"]
    assert user["groups"] == [
        "system:serviceaccounts",
        "system:serviceaccounts:default",
        "system:authenticated",
    ]
    assert user["extra"][EXTRA + "credential-id"][0].startswith("JTI=")


async def test_a_bound_token_names_what_it_is_bound_to_and_dies_with_it(api: Driver) -> None:
    made = await api.create("pods", pod("p"))
    text = await token(api, boundObjectRef=BOUND)
    user = (await review(api, text))["user"]
    assert user["extra"][EXTRA + "pod-name"] == ["p"]
    assert user["extra"][EXTRA + "pod-uid"] == [made["metadata"]["uid"]]
    await api.delete("pods", "p", {"gracePeriodSeconds": 0})
    assert (await review(api, text))["error"] == "the pod that this token is bound to is gone"
    await api.create("pods", pod("p"))
    assert "error" in await review(api, text), "another Pod of the name is another Pod"


async def test_a_token_dies_with_its_account(api: Driver) -> None:
    text = await token(api)
    await api.delete("serviceaccounts", "default")
    assert (await review(api, text))["error"] == "the service account of this token is gone"
    await api.create("serviceaccounts", {"metadata": {"name": "default"}})
    assert "error" in await review(api, text)


async def test_a_token_is_good_for_its_audiences_alone(api: Driver) -> None:
    text = await token(api, audiences=["a", "b"])
    assert (await review(api, text, "b", "c"))["audiences"] == ["b"]
    assert "token audiences" in (await review(api, text, "c"))["error"]
    assert "token audiences" in (await review(api, text))["error"], "the API server is no audience of it"


@pytest.mark.parametrize("text", ["", "x", "a.b.c"])
async def test_what_is_no_token_is_said_to_be_none(api: Driver, text: str) -> None:
    status = await review(api, text)
    assert not status.get("authenticated")
    assert status["error"]
