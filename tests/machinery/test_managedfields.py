import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.apps.deployment import Deployment
from wherry.machinery.errors import BadRequest, Conflict
from wherry.machinery.fieldset import of_fields, paths
from wherry.machinery.managedfields import Manager, apply, same_but_times, update
from wherry.machinery.schema import shape_of

VIEW = shape_of(Deployment)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
KUBECTL = Manager("kubectl", "apps/v1")
HELM = Manager("helm", "apps/v1")
CONTROLLER = Manager("controller", "apps/v1", "status")


def deployment(replicas: int | None = 1, image: str = "web:1", **labels: str) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": "web"}},
        "template": {
            "metadata": {"labels": {"app": "web"}},
            "spec": {"containers": [{"name": "web", "image": image}]},
        },
    }
    if replicas is not None:
        spec["replicas"] = replicas
    metadata: dict[str, Any] = {"name": "web", "namespace": "default"}
    if labels:
        metadata["labels"] = labels
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}


def managed(tree: dict[str, Any], entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {**tree, "metadata": {**tree["metadata"], "managedFields": entries}}


def created(tree: dict[str, Any], by: Manager = KUBECTL) -> dict[str, Any]:
    return managed(tree, update(None, tree, VIEW, by, NOW))


def applied(
    live: dict[str, Any] | None, tree: dict[str, Any], by: Manager = KUBECTL, **options: Any
) -> dict[str, Any]:
    result, entries = apply(live, tree, VIEW, by, options.pop("now", NOW), **options)
    return managed(result, entries)


def owners(tree: dict[str, Any]) -> dict[str, set[str]]:
    return {
        f"{entry['manager']} {entry['operation']}": set(paths(entry["fieldsV1"]))
        for entry in tree["metadata"]["managedFields"]
    }


def spec_of(tree: dict[str, Any]) -> Any:
    return tree["spec"]


def test_a_creator_manages_what_it_wrote() -> None:
    (entry,) = created(deployment(tier="front"))["metadata"]["managedFields"]
    assert entry == {
        "manager": "kubectl",
        "operation": "Update",
        "apiVersion": "apps/v1",
        "time": "2026-01-01T00:00:00Z",
        "fieldsType": "FieldsV1",
        "fieldsV1": {
            "f:metadata": {"f:labels": {".": {}, "f:tier": {}}},
            "f:spec": {
                "f:replicas": {},
                "f:selector": {},
                "f:template": {
                    "f:metadata": {"f:labels": {".": {}, "f:app": {}}},
                    "f:spec": {
                        "f:containers": {
                            ".": {},
                            'k:{"name":"web"}': {".": {}, "f:image": {}, "f:name": {}},
                        }
                    },
                },
            },
        },
    }


def test_an_updater_takes_over_what_it_changes() -> None:
    old = created(deployment())
    new = managed(deployment(2), old["metadata"]["managedFields"])
    entries = update(old, new, VIEW, HELM, LATER)
    tree = managed(new, entries)
    assert owners(tree)["helm Update"] == {".spec.replicas"}
    assert ".spec.replicas" not in owners(tree)["kubectl Update"]
    assert [entry["time"] for entry in entries] == ["2026-01-01T00:00:00Z", "2026-01-01T01:00:00Z"]


def test_an_updater_has_one_entry_whose_time_is_that_of_its_last_change() -> None:
    old = created(deployment())
    new = managed(deployment(2, tier="x"), old["metadata"]["managedFields"])
    (entry,) = update(old, new, VIEW, KUBECTL, LATER)
    assert entry["time"] == "2026-01-01T01:00:00Z"
    assert {".spec.replicas", ".spec.selector", ".metadata.labels.tier"} <= set(paths(entry["fieldsV1"]))


def test_an_update_without_a_change_leaves_the_entries_alone() -> None:
    old = created(deployment())
    assert update(old, copy.deepcopy(old), VIEW, HELM, LATER) == old["metadata"]["managedFields"]


def test_what_is_removed_has_no_manager() -> None:
    old = created(deployment())
    new = managed(deployment(None), old["metadata"]["managedFields"])
    entries = update(old, new, VIEW, KUBECTL, LATER)
    assert ".spec.replicas" not in owners(managed(new, entries))["kubectl Update"]
    assert entries[0]["time"] == "2026-01-01T00:00:00Z"


def test_subresources_have_entries_of_their_own_and_reset_fields_are_left_out() -> None:
    old = created(deployment())
    new = copy.deepcopy(old) | {
        "status": {"replicas": 1, "conditions": [{"type": "Available", "status": "True"}]}
    }
    new["spec"]["replicas"] = 5
    entries = update(old, new, VIEW, CONTROLLER, LATER, reset=of_fields("spec"))
    status = next(entry for entry in entries if entry.get("subresource") == "status")
    assert set(paths(status["fieldsV1"])) == {
        ".status.replicas",
        ".status.conditions",
        '.status.conditions[type="Available"]',
        '.status.conditions[type="Available"].type',
        '.status.conditions[type="Available"].status',
    }


def test_an_object_that_nobody_managed_is_not_followed() -> None:
    assert update(deployment(), deployment(2), VIEW, KUBECTL, NOW) == []


def test_one_empty_entry_gives_all_up_and_nonsense_is_ignored() -> None:
    old = created(deployment())
    assert update(old, managed(deployment(), [{}]), VIEW, KUBECTL, LATER) == []
    nonsense = [{"manager": "x", "operation": "Guess"}]
    assert (
        update(old, managed(deployment(), nonsense), VIEW, KUBECTL, LATER) == old["metadata"]["managedFields"]
    )
    forgetful = {key: value for key, value in deployment().items()}
    assert update(old, forgetful, VIEW, KUBECTL, LATER) == old["metadata"]["managedFields"]


def test_a_client_may_rewrite_the_entries() -> None:
    """kubectl makes its client-side entries server-side ones when it first applies."""
    old = created(deployment())
    moved = [{**old["metadata"]["managedFields"][0], "operation": "Apply", "fieldsV1": {"f:spec": {".": {}}}}]
    (entry,) = update(old, managed(deployment(), moved), VIEW, KUBECTL, LATER)
    assert entry["operation"] == "Apply"
    assert entry["fieldsV1"] == {"f:spec": {}}


def test_of_many_updaters_the_oldest_are_put_together() -> None:
    tree = created(deployment())
    for number in range(14):
        changed = managed(deployment(tier=str(number)), tree["metadata"]["managedFields"])
        changed["metadata"]["labels"][f"l{number}"] = "x"
        changed["metadata"]["labels"].update(
            {name: "x" for name in (tree["metadata"].get("labels") or {}) if name != "tier"}
        )
        by = Manager(f"m{number}", "apps/v1")
        tree = managed(changed, update(tree, changed, VIEW, by, NOW + timedelta(minutes=number)))
    names = [entry["manager"] for entry in tree["metadata"]["managedFields"]]
    assert len(names) == 10
    assert "ancient-changes" in names
    assert ".metadata.labels.l0" in owners(tree)["ancient-changes Update"]


def test_entries_that_nothing_happens_to_stay_encoded() -> None:
    old = created(deployment())
    (entry,) = old["metadata"]["managedFields"]
    raw = msgspec.Raw(msgspec.json.encode(entry["fieldsV1"]))
    old = managed(deployment(), [{**entry, "fieldsV1": raw}])
    new = managed(deployment(tier="x"), [{**entry, "fieldsV1": raw}])
    entries = update(old, new, VIEW, HELM, LATER)
    assert entries[0]["fieldsV1"] is raw
    assert entries[1]["manager"] == "helm"


def test_the_first_apply_creates() -> None:
    tree = applied(None, deployment())
    assert spec_of(tree) == spec_of(deployment())
    assert owners(tree) == {
        "kubectl Apply": {
            ".spec.replicas",
            ".spec.selector",
            ".spec.template.metadata.labels.app",
            '.spec.template.spec.containers[name="web"]',
            '.spec.template.spec.containers[name="web"].image',
            '.spec.template.spec.containers[name="web"].name',
        }
    }


def test_applying_the_same_again_changes_nothing() -> None:
    tree = applied(None, deployment())
    assert applied(tree, deployment(), now=LATER) == tree


def test_an_object_made_without_trace_gets_one_at_the_first_apply() -> None:
    tree = applied(deployment(), deployment(tier="x"))
    assert set(owners(tree)) == {"kubectl Apply", "before-first-apply Update"}


def test_a_conflict_names_the_field_and_its_manager() -> None:
    live = created(deployment(1), HELM)
    with pytest.raises(Conflict) as caught:
        applied(live, deployment(2))
    assert caught.value.message == (
        'Apply failed with 1 conflict: conflict with "helm" using apps/v1: .spec.replicas'
    )
    assert [cause.tree() for cause in caught.value.causes] == [
        {
            "reason": "FieldManagerConflict",
            "message": 'conflict with "helm" using apps/v1',
            "field": ".spec.replicas",
        }
    ]


def test_several_conflicts_are_listed() -> None:
    live = applied(None, deployment(1, "web:1"), HELM)
    with pytest.raises(Conflict) as caught:
        applied(live, deployment(2, "web:2"))
    assert caught.value.message == (
        'Apply failed with 2 conflicts: conflicts with "helm":\n'
        "- .spec.replicas\n"
        '- .spec.template.spec.containers[name="web"].image'
    )


def test_a_conflict_with_a_subresource_says_so() -> None:
    scale = Manager("hpa", "apps/v1", "scale")
    live = created(deployment(1), scale)
    with pytest.raises(Conflict, match=r'conflict with "hpa" with subresource "scale" using apps/v1'):
        applied(live, deployment(2))


def test_force_takes_over() -> None:
    live = created(deployment(1), HELM)
    tree = applied(live, deployment(2), force=True)
    assert tree["spec"]["replicas"] == 2
    assert ".spec.replicas" in owners(tree)["kubectl Apply"]
    assert ".spec.replicas" not in owners(tree)["helm Update"]


def test_equal_values_are_shared_and_stay_while_one_wants_them() -> None:
    tree = applied(applied(None, deployment(1), HELM), deployment(1))
    assert ".spec.replicas" in owners(tree)["helm Apply"] & owners(tree)["kubectl Apply"]
    tree = applied(tree, deployment(None))
    assert tree["spec"]["replicas"] == 1
    tree = applied(tree, deployment(None), HELM)
    assert "replicas" not in tree["spec"]


def test_what_only_the_applier_wanted_goes_when_it_does_not_any_more() -> None:
    tree = applied(None, deployment(1, a="1", b="2"))
    tree = applied(tree, deployment(1, a="1"))
    assert tree["metadata"]["labels"] == {"a": "1"}
    tree = applied(tree, deployment(1))
    assert "labels" not in tree["metadata"]


def test_what_others_updated_stays() -> None:
    tree = applied(None, deployment(1, a="1"))
    new = copy.deepcopy(tree)
    new["metadata"]["labels"]["b"] = "2"
    tree = managed(new, update(tree, new, VIEW, HELM, LATER))
    tree = applied(tree, deployment(1))
    assert tree["metadata"]["labels"] == {"b": "2"}
    assert owners(tree)["helm Update"] == {".metadata.labels.b"}


def test_an_applier_that_wants_nothing_any_more_has_no_entry() -> None:
    tree = applied(None, deployment())
    nothing = {key: value for key, value in deployment().items() if key != "spec"}
    tree = applied(tree, nothing)
    assert tree["metadata"]["managedFields"] == []


def test_status_cannot_be_applied_to_the_main_resource() -> None:
    tree = applied(None, deployment() | {"status": {"replicas": 3}}, reset=of_fields("status"))
    assert not any(path.startswith(".status") for path in owners(tree)["kubectl Apply"])


def test_managed_fields_cannot_be_applied() -> None:
    with pytest.raises(BadRequest, match=r"metadata\.managedFields must be nil"):
        applied(None, managed(deployment(), [{"manager": "x"}]))


def test_entries_can_be_compared_without_their_times() -> None:
    (entry,) = created(deployment())["metadata"]["managedFields"]
    raw = {
        **entry,
        "time": "2030-01-01T00:00:00Z",
        "fieldsV1": msgspec.Raw(msgspec.json.encode(entry["fieldsV1"])),
    }
    assert same_but_times([entry], [raw])
    assert not same_but_times([entry], [{**entry, "manager": "x"}])
    assert not same_but_times([entry], [])


objects = st.builds(
    deployment,
    st.none() | st.integers(0, 2),
    st.sampled_from(["web:1", "web:2"]),
    a=st.sampled_from("12"),
)


@given(st.lists(st.tuples(st.sampled_from([KUBECTL, HELM]), objects), max_size=5))
def test_after_a_forced_apply_the_object_has_all_that_was_applied(
    steps: list[tuple[Manager, dict[str, Any]]],
) -> None:
    live: dict[str, Any] | None = None
    for by, tree in steps:
        before = copy.deepcopy((live, tree))
        result = applied(live, tree, by, force=True)
        assert (live, tree) == before
        for name, value in tree["spec"].items():
            assert result["spec"][name] == value
        assert applied(result, tree, by) == result
        live = result
