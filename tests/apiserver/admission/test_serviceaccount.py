"""Every Pod runs as an account, and finds its token where clients look for it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.apiserver.conftest import Driver, pod

from wherry.apiserver.admission.serviceaccount import MOUNT_PATH, VOLUME_PREFIX
from wherry.machinery.errors import Forbidden
from wherry.machinery.schema import Tree


def mounts(made: Tree) -> list[list[str]]:
    return [[m["mountPath"] for m in c.get("volumeMounts", ())] for c in made["spec"]["containers"]]


async def test_a_pod_that_names_none_runs_as_default_with_its_token_mounted(api: Driver) -> None:
    made = await api.create("pods", pod("a"))
    assert made["spec"]["serviceAccountName"] == made["spec"]["serviceAccount"] == "default"
    (volume,) = made["spec"]["volumes"]
    assert volume["name"].startswith(VOLUME_PREFIX)
    assert [next(iter(source)) for source in volume["projected"]["sources"]] == [
        "serviceAccountToken",
        "configMap",
        "downwardAPI",
    ]
    assert mounts(made) == [[MOUNT_PATH]]


async def test_an_account_that_is_not_there_is_named(api: Driver) -> None:
    with pytest.raises(
        Forbidden, match='pods "a" is forbidden: error looking up service account default/none'
    ):
        await api.create("pods", pod("a", serviceAccountName="none"))


@pytest.mark.parametrize(
    ("says", "account_says", "mounted"),
    [
        (None, None, True),
        (False, None, False),
        (None, False, False),
        (True, False, True),
        (False, True, False),
    ],
)
async def test_the_pod_has_the_last_word_on_mounting(
    api: Driver, says: bool | None, account_says: bool | None, mounted: bool
) -> None:
    await api.create(
        "serviceaccounts", {"metadata": {"name": "robot"}, "automountServiceAccountToken": account_says}
    )
    options: dict[str, Any] = {} if says is None else {"automountServiceAccountToken": says}
    made = await api.create("pods", pod("a", serviceAccountName="robot", **options))
    assert mounts(made) == [[MOUNT_PATH] if mounted else []]
    assert bool(made["spec"].get("volumes")) is mounted


async def test_what_is_mounted_there_already_stays(api: Driver) -> None:
    body = pod("a", volumes=[{"name": "own", "emptyDir": {}}])
    body["spec"]["containers"][0]["volumeMounts"] = [{"name": "own", "mountPath": MOUNT_PATH}]
    made = await api.create("pods", body)
    assert [volume["name"] for volume in made["spec"]["volumes"]] == ["own"]


async def test_the_accounts_pull_secrets_are_the_pods(api: Driver) -> None:
    await api.create("serviceaccounts", {"metadata": {"name": "robot"}, "imagePullSecrets": [{"name": "s"}]})
    made = await api.create("pods", pod("a", serviceAccountName="robot"))
    assert made["spec"]["imagePullSecrets"] == [{"name": "s"}]
    own = await api.create("pods", pod("b", serviceAccountName="robot", imagePullSecrets=[{"name": "o"}]))
    assert own["spec"]["imagePullSecrets"] == [{"name": "o"}]


async def test_a_mirror_of_a_nodes_own_pod_has_no_token(api: Driver) -> None:
    body = pod("a", nodeName="n1")
    body["metadata"]["annotations"] = {"kubernetes.io/config.mirror": "x"}
    assert mounts(await api.create("pods", body)) == [[]]
