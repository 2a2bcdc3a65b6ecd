"""What a namespace says while it is emptied. In a cluster: tests/manager/test_engine.py."""

from __future__ import annotations

from wherry.api.core.namespace import Namespace, NamespaceSpec
from wherry.api.core.pod import Pod
from wherry.api.registry import all_resources, resource_for
from wherry.controllers.namespace import Found, finalized, in_order, is_to_be_emptied, with_findings
from wherry.controllers.snapshot import NOW
from wherry.machinery.meta import ObjectMeta

PODS = resource_for(Pod)
GOING = Namespace(
    metadata=ObjectMeta(name="team", deletionTimestamp="2026-01-01T00:00:00Z"),
    spec=NamespaceSpec(finalizers=("kubernetes", "example.com/mine")),
)
HELD = Pod(metadata=ObjectMeta(name="p", finalizers=("example.com/wait",)))


def said(found: Found) -> dict[str, tuple[str, str, str]]:
    conditions = with_findings(GOING, found, NOW).status.conditions
    return {each.type: (each.status, each.reason, each.message) for each in conditions}


def test_pods_come_first_and_alone() -> None:
    pods, others = in_order(all_resources())
    assert pods == [PODS]
    assert PODS not in others
    assert all(each.namespaced for each in others)


def test_is_emptied_once_it_is_deleted_and_until_it_is_finalized() -> None:
    assert is_to_be_emptied(GOING)
    assert not is_to_be_emptied(finalized(GOING))
    assert finalized(GOING).spec.finalizers == ("example.com/mine",)
    assert not is_to_be_emptied(Namespace(spec=NamespaceSpec(finalizers=("kubernetes",))))


def test_five_conditions_say_that_all_went_well() -> None:
    conditions = said(Found())
    assert {status for status, _, _ in conditions.values()} == {"False"}
    assert conditions["NamespaceContentRemaining"][1:] == (
        "ContentRemoved",
        "All content successfully removed",
    )
    assert len(conditions) == 5


def test_what_remains_is_counted_by_resource_and_finalizer() -> None:
    conditions = said(Found({PODS: [HELD, HELD]}))
    assert conditions["NamespaceContentRemaining"] == (
        "True",
        "SomeResourcesRemain",
        "Some resources are remaining: pods. has 2 resource instances",
    )
    assert conditions["NamespaceFinalizersRemaining"][2] == (
        "Some content in the namespace has finalizers remaining: example.com/wait in 2 resource instances"
    )


def test_failures_are_named() -> None:
    status, reason, message = said(Found(failures=("no luck",)))["NamespaceDeletionContentFailure"]
    assert (status, reason) == ("True", "ContentDeletionFailed")
    assert message == "Failed to delete all resource types, 1 remaining: no luck"


def test_the_same_findings_are_written_once() -> None:
    once = with_findings(GOING, Found({PODS: [HELD]}), NOW)
    assert once.status.phase == "Terminating"
    assert with_findings(once, Found({PODS: [HELD]}), NOW) is once
