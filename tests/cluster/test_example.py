"""The application that `up --example` runs."""

from __future__ import annotations

import yaml

from wherry.api.apps.deployment import Deployment
from wherry.api.core.service import Service
from wherry.cluster.example import MANIFEST, NAME, NODE_PORT, VERSIONS, image
from wherry.testing import Cluster


def test_its_manifest_is_what_a_cluster_takes() -> None:
    with Cluster() as cluster:
        for tree in yaml.safe_load_all(MANIFEST):
            cluster.apply(tree)
        found = cluster.wait(Deployment, NAME, lambda found: found.status.availableReplicas == 3)
        service = cluster.do(cluster.client.get(Service, NAME, "default"))
    assert found.spec.template.spec.containers[0].image == image(VERSIONS[0])
    assert service.spec.ports[0].nodePort == NODE_PORT
    assert service.spec.selector == found.spec.selector.matchLabels
