"""Nothing is made in a namespace that is not there or is going; some cannot go."""

from __future__ import annotations

import pytest
from tests.apiserver.conftest import Driver, configmap

from wherry.apiserver.admission.namespacelifecycle import IMMORTAL
from wherry.machinery.errors import Forbidden, NotFound


async def test_nothing_is_made_where_there_is_nothing(api: Driver) -> None:
    with pytest.raises(NotFound, match='namespaces "none" not found'):
        await api.create("configmaps", configmap("a"), namespace="none")


async def test_nothing_is_made_in_what_is_going(api: Driver) -> None:
    await api.create("namespaces", {"metadata": {"name": "n"}})
    await api.create("configmaps", configmap("a"), namespace="n")
    await api.delete("namespaces", "n")
    words = (
        'configmaps "b" is forbidden: unable to create new content in namespace n '
        "because it is being terminated"
    )
    with pytest.raises(Forbidden) as refused:
        await api.create("configmaps", configmap("b"), namespace="n")
    assert refused.value.message == words
    assert refused.value.causes[0].reason == "NamespaceTerminating"
    await api.patch("configmaps", "a", {"data": {"k": "v"}}, namespace="n")
    await api.delete("configmaps", "a", namespace="n")


@pytest.mark.parametrize("name", sorted(IMMORTAL))
async def test_some_namespaces_stay(api: Driver, name: str) -> None:
    with pytest.raises(
        Forbidden, match=f'namespaces "{name}" is forbidden: this namespace may not be deleted'
    ):
        await api.delete("namespaces", name)


async def test_access_can_be_reviewed_in_what_is_going(api: Driver) -> None:
    await api.create("namespaces", {"metadata": {"name": "n"}})
    await api.delete("namespaces", "n")
    body = {
        "spec": {"user": "x", "resourceAttributes": {"verb": "get", "resource": "pods", "namespace": "n"}}
    }
    assert "allowed" in (await api.create("localsubjectaccessreviews", body, namespace="n"))["status"]
