"""What is wrong with a Pod in which everything is: `badpod.yaml` in, the sentences of `badpod.txt` out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

from wherry.api.core.pod import Pod
from wherry.api.core.podvalidation import validate_pod
from wherry.machinery.schema import complete, shape_of

FOLDER = Path(__file__).parent
RICH: dict[str, Any] = {
    "metadata": {"name": "o"},
    "spec": {
        "nodeName": "n1",
        "hostname": "h",
        "subdomain": "s",
        "activeDeadlineSeconds": 60,
        "dnsPolicy": "None",
        "dnsConfig": {
            "nameservers": ["10.0.0.10"],
            "searches": ["_a.b", "."],
            "options": [{"name": "ndots"}],
        },
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [
            {"operator": "Exists"},
            {"key": "a", "value": "b", "effect": "NoExecute", "tolerationSeconds": 5},
        ],
        "affinity": {
            "nodeAffinity": {
                "requiredDuringSchedulingIgnoredDuringExecution": {
                    "nodeSelectorTerms": [
                        {"matchExpressions": [{"key": "a", "operator": "Gt", "values": ["1"]}]},
                        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n"]}]},
                    ]
                }
            },
            "podAntiAffinity": {
                "preferredDuringSchedulingIgnoredDuringExecution": [
                    {"weight": 5, "podAffinityTerm": {"topologyKey": "kubernetes.io/hostname"}}
                ]
            },
        },
        "topologySpreadConstraints": [
            {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 2}
        ],
        "securityContext": {"runAsUser": 0, "fsGroup": 5, "seccompProfile": {"type": "RuntimeDefault"}},
        "resources": {"limits": {"cpu": "4"}},
        "volumes": [
            {"name": "a"},
            {"name": "b", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
            {
                "name": "c",
                "downwardAPI": {"items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]},
            },
        ],
        "initContainers": [
            {"name": "side", "image": "i", "restartPolicy": "Always", "livenessProbe": {"grpc": {"port": 1}}}
        ],
        "containers": [
            {
                "name": "c",
                "image": "i",
                "ports": [{"name": "http", "containerPort": 80, "hostPort": 80}],
                "env": [
                    {"name": "A.b-c", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
                    {"name": "B", "valueFrom": {"resourceFieldRef": {"resource": "limits.hugepages-2Mi"}}},
                    {"name": "C", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
                ],
                "envFrom": [{"configMapRef": {"name": "a"}}],
                "volumeMounts": [{"name": "a", "mountPath": "/a", "subPath": "x/y"}],
                "volumeDevices": [{"name": "b", "devicePath": "/dev/b"}],
                "resources": {"limits": {"cpu": "1", "example.com/gpu": "2", "hugepages-2Mi": "4Mi"}},
                "lifecycle": {
                    "preStop": {"sleep": {"seconds": 5}},
                    "postStart": {"exec": {"command": ["a"]}},
                },
                "readinessProbe": {"httpGet": {"port": "http"}, "successThreshold": 3},
            }
        ],
    },
}


def errors(tree: dict[str, Any]) -> list[str]:
    complete(tree, shape_of(Pod))
    return [str(error) for error in validate_pod(msgspec.convert(tree, Pod), None)]


def test_everything_wrong_is_named() -> None:
    tree = yaml.safe_load((FOLDER / "badpod.yaml").read_text())
    assert errors(tree) == (FOLDER / "badpod.txt").read_text().splitlines()


def test_a_pod_with_much_in_it_is_accepted() -> None:
    assert errors(RICH) == []
