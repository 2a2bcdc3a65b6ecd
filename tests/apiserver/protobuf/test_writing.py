from typing import Any

import pytest

from wherry.apiserver.protobuf import decode, encode
from wherry.apiserver.protobuf.messages import class_of
from wherry.apiserver.protobuf.reading import parse
from wherry.apiserver.protobuf.writing import write_message
from wherry.machinery.errors import InternalError, NotAcceptable


def written(message: str, tree: dict[str, Any]) -> Any:
    return parse(message, write_message(message, tree))


def test_what_a_message_does_not_have_is_left_out() -> None:
    tree = {"kind": "ConfigMap", "apiVersion": "v1", "data": {"a": "1"}, "unheard": [1]}
    assert written("core.v1.ConfigMap", tree) == class_of("core.v1.ConfigMap")(f2={"a": "1"})


def test_null_is_absent() -> None:
    tree = {"metadata": {"name": "a", "creationTimestamp": None}, "data": None}
    assert written("core.v1.ConfigMap", tree) == class_of("core.v1.ConfigMap")(f1={"f1": "a"})


def test_zero_and_empty_of_pointers_are_written() -> None:
    spec = written("core.v1.PodSpec", {"terminationGracePeriodSeconds": 0, "securityContext": {}})
    assert spec.HasField("f4")
    assert spec.HasField("f14")


def test_inlined_fields_go_into_their_messages() -> None:
    tree = {"operations": ["CREATE"], "apiGroups": ["*"], "resourceNames": ["a"]}
    rule = written("admissionregistration.v1.NamedRuleWithOperations", tree)
    assert list(rule.f1) == ["a"]
    assert list(rule.f2.f1) == ["CREATE"]
    assert list(rule.f2.f2.f1) == ["*"]


def test_times_keep_their_fraction() -> None:
    lease = written("coordination.v1.LeaseSpec", {"renewTime": "1969-12-31T23:59:59.000001Z"})
    assert (lease.f4.f1, lease.f4.f2) == (-1, 1000)


def test_repeated_numbers_are_not_packed() -> None:
    # As upstream writes them: some readers take no other form.
    raw = write_message("core.v1.PodSecurityContext", {"supplementalGroups": [1, 2]})
    assert raw == b"\x20\x01\x20\x02"


def test_lists_of_any_objects_metadata_have_a_form() -> None:
    items = [{"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": {"name": "a"}}]
    tree = {"metadata": {"resourceVersion": "7"}, "items": items}
    found = decode(encode("meta.k8s.io/v1", "PartialObjectMetadataList", tree))[2]
    assert found == {"metadata": {"resourceVersion": "7"}, "items": [{"metadata": {"name": "a"}}]}


@pytest.mark.parametrize("apiVersion", ["v1", "meta.k8s.io/v1", "apps/v1", "example.org/v1alpha1"])
def test_delete_options_are_spoken_in_every_group(apiVersion: str) -> None:
    tree = {"gracePeriodSeconds": 0, "propagationPolicy": "Background", "preconditions": {"uid": "u"}}
    assert decode(encode(apiVersion, "DeleteOptions", tree)) == (apiVersion, "DeleteOptions", tree)


def test_a_status_keeps_its_details() -> None:
    tree = {
        "status": "Failure",
        "message": 'pods "a" not found',
        "reason": "NotFound",
        "details": {"name": "a", "kind": "pods", "causes": [{"field": "metadata.name"}]},
        "code": 404,
    }
    assert decode(encode("v1", "Status", {"metadata": {}, **tree}))[2] == tree


def test_tables_and_custom_resources_have_no_protobuf_form() -> None:
    with pytest.raises(NotAcceptable, match=r"Table in version meta\.k8s\.io/v1"):
        encode("meta.k8s.io/v1", "Table", {})
    with pytest.raises(NotAcceptable, match="Widget"):
        encode("example.org/v1", "Widget", {})


@pytest.mark.parametrize(
    "tree",
    [
        {"spec": {"replicas": "three"}},
        {"spec": {"replicas": 2**40}},
        {"spec": []},
        {"metadata": {"creationTimestamp": "yesterday"}},
        {"metadata": {"labels": {"a": 1}}},
        {"metadata": {"labels": ["a"]}},
        {"metadata": {"name": "\ud800"}},
    ],
)
def test_a_tree_that_does_not_fit_is_an_internal_error(tree: dict[str, Any]) -> None:
    with pytest.raises(InternalError, match="this Deployment does not fit its protobuf message"):
        encode("apps/v1", "Deployment", tree)
