"""Environment: variables come from where they are said to come from, and refer to each other."""

from __future__ import annotations

import base64

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.container import Container
from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.api.core.service import Service
from wherry.machinery.meta import ObjectMeta
from wherry.node.downward import Surroundings
from wherry.node.environment import Missing, Sources, environment, expand, service_variables

AROUND = Surroundings(
    node="n1", host_ips=("192.0.2.1",), pod_ips=("10.0.0.5", "fd00::5"), allocatable={"cpu": "4"}
)
POD = Pod(metadata=ObjectMeta(name="p", namespace="n", uid="u", labels={"a/b": "x"}))


def container(**fields: object) -> Container:
    return msgspec.convert({"name": "c", **fields}, Container)


def built(
    sources: Sources = Sources(), services: dict[str, str] | None = None, **fields: object
) -> dict[str, str]:
    return environment(container(**fields), POD, sources, AROUND, services or {})


def test_later_variables_refer_to_earlier_ones() -> None:
    env = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$(A)-$(C)-$$(A)"},
        {"name": "C", "value": "3"},
    ]
    assert built(env=env) == {"A": "1", "B": "1-$(C)-$(A)", "C": "3"}


def test_env_overrides_envFrom_and_envFrom_overrides_services() -> None:
    sources = Sources(configmaps={"cm": ConfigMap(data={"A": "cm", "B": "cm", "S": "cm"})})
    env = [{"name": "A", "value": "env"}]
    found = built(sources, {"S": "svc", "T": "svc"}, env=env, envFrom=[{"configMapRef": {"name": "cm"}}])
    assert found == {"A": "env", "B": "cm", "S": "cm", "T": "svc"}


def test_a_prefix_and_a_secret() -> None:
    secret = Secret(data={"k": base64.b64encode(b"v").decode()})
    found = built(Sources(secrets={"s": secret}), envFrom=[{"prefix": "P_", "secretRef": {"name": "s"}}])
    assert found == {"P_k": "v"}


def test_what_is_missing_is_named_unless_it_is_optional() -> None:
    reference = {"configMapKeyRef": {"name": "cm", "key": "k"}}
    with pytest.raises(Missing, match='configmap "cm" not found'):
        built(env=[{"name": "A", "valueFrom": reference}])
    with pytest.raises(Missing, match="couldn't find key k in ConfigMap n/cm"):
        built(Sources(configmaps={"cm": ConfigMap()}), env=[{"name": "A", "valueFrom": reference}])
    optional = {"configMapKeyRef": {"name": "cm", "key": "k", "optional": True}}
    assert built(env=[{"name": "A", "valueFrom": optional}]) == {}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("metadata.name", "p"),
        ("metadata.labels['a/b']", "x"),
        ("spec.nodeName", "n1"),
        ("status.podIP", "10.0.0.5"),
        ("status.podIPs", "10.0.0.5,fd00::5"),
        ("status.hostIP", "192.0.2.1"),
    ],
)
def test_the_pods_own_fields(path: str, value: str) -> None:
    assert built(env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": path}}}]) == {"A": value}


def test_resources_in_the_unit_asked_for() -> None:
    limits = {"limits": {"memory": "1536Ki"}}
    env = [
        {"name": "M", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
        {"name": "C", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
    ]
    assert built(env=env, resources=limits) == {"M": "2", "C": "4"}


def test_services_of_the_namespace_and_the_api() -> None:
    def service(name: str, namespace: str, ip: str) -> Service:
        tree = {
            "metadata": {"name": name, "namespace": namespace},
            "spec": {"clusterIP": ip, "ports": [{"name": "https", "port": 443}]},
        }
        return msgspec.convert(tree, Service)

    services = [
        service("kubernetes", "default", "10.96.0.1"),
        service("my-db", "n", "10.96.0.2"),
        service("far", "other", "10.96.0.3"),
        service("headless", "n", "None"),
    ]
    found = service_variables(services, "n", links=True)
    assert found["KUBERNETES_SERVICE_HOST"] == "10.96.0.1"
    assert found["MY_DB_PORT_443_TCP"] == "tcp://10.96.0.2:443"
    assert found["MY_DB_SERVICE_PORT_HTTPS"] == "443"
    assert not any(name.startswith(("FAR", "HEADLESS")) for name in found)
    assert not any(name.startswith("MY_DB") for name in service_variables(services, "n", links=False))


@given(st.text(alphabet="$()ABx ", max_size=30))
def test_expansion_never_fails_and_leaves_plain_text_alone(text: str) -> None:
    result = expand(text, {"A": "1"})
    if "$" not in text:
        assert result == text


@given(st.text(max_size=20))
def test_a_doubled_dollar_protects_what_follows(name: str) -> None:
    assert expand(f"$$({name.replace('$', '')})", {name: "x"}) == f"$({name.replace('$', '')})"
