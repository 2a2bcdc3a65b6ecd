"""Volumes and claims stay while something uses them."""

from __future__ import annotations

import pytest
from tests.apiserver.conftest import Driver

from wherry.machinery.schema import Tree

CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
VOLUME = {
    "accessModes": ["ReadWriteOnce"],
    "capacity": {"storage": "1Gi"},
    "hostPath": {"path": "/data"},
}


@pytest.mark.parametrize(
    ("plural", "spec", "finalizer"),
    [
        ("persistentvolumeclaims", CLAIM, "kubernetes.io/pvc-protection"),
        ("persistentvolumes", VOLUME, "kubernetes.io/pv-protection"),
    ],
)
async def test_a_finalizer_keeps_it(api: Driver, plural: str, spec: Tree, finalizer: str) -> None:
    made = await api.create(plural, {"metadata": {"name": "a"}, "spec": spec})
    assert made["metadata"]["finalizers"] == [finalizer]
    body = {"metadata": {"name": "b", "finalizers": [finalizer]}, "spec": spec}
    assert (await api.create(plural, body))["metadata"]["finalizers"] == [finalizer]
