"""Creates and updates: what the server adds, keeps, counts and refuses."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from tests.apiserver.conftest import Driver, configmap, deployment, pod

from wherry.api.registry import all_resources
from wherry.machinery.errors import AlreadyExists, BadRequest, Conflict, Forbidden, Invalid, NotFound


async def test_a_new_object_gets_uid_time_and_version(api: Driver) -> None:
    made = await api.create("configmaps", configmap(key="value"))
    assert made["metadata"]["uid"]
    assert made["metadata"]["creationTimestamp"] == "2026-01-01T00:00:00Z"
    assert int(made["metadata"]["resourceVersion"]) > 0
    assert await api.get("configmaps", "a") == made


async def test_what_only_the_server_sets_is_not_taken_from_the_client(api: Driver) -> None:
    body = configmap()
    body["metadata"] |= {"uid": "mine", "deletionTimestamp": "2020-01-01T00:00:00Z", "generation": 7}
    metadata = (await api.create("configmaps", body))["metadata"]
    assert metadata["uid"] != "mine"
    assert "deletionTimestamp" not in metadata
    assert "generation" not in metadata


async def test_defaults_are_written_out(api: Driver) -> None:
    made = await api.create("deployments", deployment())
    assert made["spec"]["strategy"]["rollingUpdate"] == {"maxSurge": "25%", "maxUnavailable": "25%"}
    assert made["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"


async def test_a_second_object_of_the_name_is_refused(api: Driver) -> None:
    await api.create("configmaps", configmap())
    with pytest.raises(AlreadyExists, match='configmaps "a" already exists'):
        await api.create("configmaps", configmap())


async def test_a_generated_name_has_five_characters_more(api: Driver) -> None:
    body: Any = configmap()
    body["metadata"] = {"generateName": "job-"}
    names = {(await api.create("configmaps", body))["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("job-") and len(name) == 9 for name in names)


async def test_every_bad_field_is_a_cause(api: Driver) -> None:
    body = pod("Bad_Name")
    body["spec"]["containers"] = [{"name": "c", "image": ""}]
    with pytest.raises(Invalid) as caught:
        await api.create("pods", body)
    fields = {cause.field for cause in caught.value.causes}
    assert {"metadata.name", "spec.containers[0].image"} <= fields


async def test_an_unknown_field_is_refused_when_the_client_is_strict(api: Driver) -> None:
    body = configmap()
    body["dat"] = {}
    with pytest.raises(BadRequest, match='strict decoding error: unknown field "dat"'):
        await api.create("configmaps", body, fieldValidation="Strict")


async def test_an_unknown_field_is_dropped_with_a_warning_otherwise(api: Driver) -> None:
    body = configmap()
    body["dat"] = {}
    made = await api.create("configmaps", body)
    assert "dat" not in made
    assert api.warnings == ['unknown field "dat"']


async def test_a_field_that_stands_twice_is_named(api: Driver) -> None:
    body = b'{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"a"},"data":{"x":"1","x":"2"}}'
    with pytest.raises(BadRequest, match=r'duplicate field "data\.x"'):
        await api.create("configmaps", body, fieldValidation="Strict")


async def test_a_value_of_the_wrong_type_names_its_field(api: Driver) -> None:
    body = deployment()
    body["spec"]["replicas"] = "three"
    with pytest.raises(
        BadRequest, match=r"cannot unmarshal string into Go struct field DeploymentSpec\.spec\.replicas"
    ):
        await api.create("deployments", body)


async def test_a_dry_run_stores_nothing(api: Driver) -> None:
    made = await api.create("configmaps", configmap(), dryRun="All")
    assert made["metadata"]["uid"]
    with pytest.raises(NotFound):
        await api.get("configmaps", "a")


async def test_an_update_of_an_older_version_is_a_conflict(api: Driver) -> None:
    made = await api.create("configmaps", configmap())
    await api.update("configmaps", "a", {**made, "data": {"x": "1"}})
    with pytest.raises(Conflict, match="the object has been modified"):
        await api.update("configmaps", "a", {**made, "data": {"x": "2"}})


async def test_an_update_without_a_version_overwrites(api: Driver) -> None:
    await api.create("configmaps", configmap())
    assert (await api.update("configmaps", "a", configmap(x="1")))["data"] == {"x": "1"}


async def test_an_update_that_changes_nothing_writes_nothing(api: Driver) -> None:
    made = await api.create("configmaps", configmap(x="1"))
    again = await api.update("configmaps", "a", configmap(x="1"))
    assert again["metadata"]["resourceVersion"] == made["metadata"]["resourceVersion"]


async def test_the_main_resource_leaves_the_status_alone_and_status_all_else(api: Driver) -> None:
    made = await api.create("deployments", deployment(replicas=2))
    made["status"] = {"replicas": 9}
    made["spec"]["replicas"] = 3
    changed = await api.update("deployments", "web", made)
    assert "status" not in changed or "replicas" not in changed["status"]
    changed["status"] = {"replicas": 9}
    changed["spec"]["replicas"] = 4
    seen = await api.update("deployments", "web", changed, subresource="status")
    assert (seen["spec"]["replicas"], seen["status"]["replicas"]) == (3, 9)


async def test_generation_counts_changes_of_the_spec_only(api: Driver) -> None:
    made = await api.create("deployments", deployment())
    assert made["metadata"]["generation"] == 1
    labelled = await api.patch("deployments", "web", {"metadata": {"labels": {"a": "b"}}})
    assert labelled["metadata"]["generation"] == 1
    scaled = await api.patch("deployments", "web", {"spec": {"replicas": 5}})
    assert scaled["metadata"]["generation"] == 2
    seen = await api.patch("deployments", "web", {"status": {"replicas": 1}}, subresource="status")
    assert seen["metadata"]["generation"] == 2


async def test_nothing_is_made_in_a_namespace_that_is_not_there(api: Driver) -> None:
    with pytest.raises(NotFound, match='namespaces "nowhere" not found'):
        await api.create("pods", pod(), namespace="nowhere")


async def test_nothing_is_made_in_a_namespace_that_is_going(api: Driver) -> None:
    await api.create("namespaces", {"metadata": {"name": "old"}})
    await api.delete("namespaces", "old")
    with pytest.raises(Forbidden, match="because it is being terminated"):
        await api.create("configmaps", configmap(), namespace="old")


async def test_a_pod_gets_its_account_token_tolerations_and_priority(api: Driver) -> None:
    spec = (await api.create("pods", pod()))["spec"]
    assert spec["serviceAccountName"] == spec["serviceAccount"] == "default"
    assert (
        spec["containers"][0]["volumeMounts"][0]["mountPath"]
        == "/var/run/secrets/kubernetes.io/serviceaccount"
    )
    assert spec["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]["expirationSeconds"] == 3607
    assert {t["key"] for t in spec["tolerations"]} == {
        "node.kubernetes.io/not-ready",
        "node.kubernetes.io/unreachable",
    }
    assert (spec["priority"], spec["preemptionPolicy"]) == (0, "PreemptLowerPriority")


async def test_a_service_gets_an_address_and_a_node_port_and_gives_them_back(api: Driver) -> None:
    body = {"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80}]}}
    first = (await api.create("services", body))["spec"]
    assert first["clusterIP"].startswith("10.96.")
    assert 30000 <= first["ports"][0]["nodePort"] < 32768
    asked = {"clusterIP": first["clusterIP"], "ports": [{"port": 80}]}
    with pytest.raises(Invalid, match="provided IP is already allocated"):
        await api.create("services", {"metadata": {"name": "t"}, "spec": asked})
    await api.delete("services", "s")
    assert (await api.create("services", {"metadata": {"name": "t"}, "spec": asked}))["spec"]["clusterIP"]


async def test_two_writers_of_different_fields_both_succeed(api: Driver) -> None:
    await api.create("configmaps", configmap())
    await asyncio.gather(
        *(api.patch("configmaps", "a", {"data": {f"k{number}": "v"}}) for number in range(4))
    )
    assert set((await api.get("configmaps", "a"))["data"]) == {"k0", "k1", "k2", "k3"}


async def test_each_write_is_owned_by_the_program_that_made_it(api: Driver) -> None:
    made = await api.create("configmaps", configmap(x="1"), agent="kubectl/v1.37 (linux)")
    entry = made["metadata"]["managedFields"][0]
    assert (entry["manager"], entry["operation"]) == ("kubectl", "Update")
    assert entry["fieldsV1"] == {"f:data": {".": {}, "f:x": {}}}


@pytest.mark.parametrize(
    "plural", [r.qualified for r in all_resources() if "create" in r.verbs and "list" in r.verbs]
)
async def test_every_kind_that_is_served_can_be_listed(api: Driver, plural: str) -> None:
    listing = await api.list(plural)
    assert listing.revision > 0


async def test_what_admission_adds_is_owned_by_nobody(api: Driver) -> None:
    made = await api.create("pods", pod("p"))
    assert all(made["spec"][field] for field in ("tolerations", "volumes"))
    (entry,) = made["metadata"]["managedFields"]
    owned = entry["fieldsV1"]
    assert "f:status" not in owned
    assert {"f:containers", "f:restartPolicy"} <= owned["f:spec"].keys()
    assert not {"f:tolerations", "f:volumes", "f:serviceAccountName", "f:priority"} & owned["f:spec"].keys()


async def test_a_signing_request_says_who_asks(api: Driver) -> None:
    spec = {"request": "eA==", "signerName": "a.b/c", "usages": ["client auth"]}
    body = {"metadata": {"name": "a"}, "spec": spec | {"username": "somebody", "uid": "7"}}
    made = await api.create("certificatesigningrequests", body)
    author = {"username": "admin", "groups": ["system:masters", "system:authenticated"]}
    assert made["spec"] == spec | author
    assert (await api.update("certificatesigningrequests", "a", body))["spec"] == spec | author
