from typing import Any

import pytest

from wherry.apiserver.protobuf import decode
from wherry.apiserver.protobuf.messages import class_of
from wherry.apiserver.protobuf.reading import reader
from wherry.apiserver.protobuf.writing import envelope
from wherry.machinery.errors import BadRequest


def read(message: str, **fields: Any) -> Any:
    return reader(message)(class_of(message)(**fields))


def test_zero_of_a_field_that_is_no_pointer_is_absent() -> None:
    # metadata.generation, spec.nodeName and spec.hostNetwork: Go writes them always.
    assert read("meta.v1.ObjectMeta", f1="a", f2="", f7=0) == {"name": "a"}
    assert read("core.v1.PodSpec", f10="", f11=False) == {}


def test_zero_of_a_pointer_is_said() -> None:
    assert read("apps.v1.DeploymentSpec", f1=0) == {"replicas": 0}
    assert read("core.v1.PodSpec", f4=0, f21=False) == {
        "terminationGracePeriodSeconds": 0,
        "automountServiceAccountToken": False,
    }
    assert read("core.v1.PersistentVolumeClaimSpec", f5="") == {"storageClassName": ""}
    assert read("core.v1.PodSecurityContext", f2=0) == {"runAsUser": 0}


def test_an_empty_message_is_said_where_it_is_a_pointer() -> None:
    assert read("core.v1.VolumeSource", f2={}) == {"emptyDir": {}}
    assert read("networking.v1.NetworkPolicyPeer", f1={}, f2={}) == {
        "podSelector": {},
        "namespaceSelector": {},
    }
    assert read("core.v1.Pod", f1={}, f2={"f14": {}}, f3={}) == {"spec": {"securityContext": {}}}


def test_a_network_policy_for_all_pods_says_so() -> None:
    assert read("networking.v1.NetworkPolicySpec", f1={}, f2=[{}]) == {"podSelector": {}, "ingress": [{}]}


def test_entries_of_maps_and_lists_stay_when_they_are_empty() -> None:
    assert read("core.v1.ConfigMap", f2={"b": "", "a": "1"}) == {"data": {"a": "1", "b": ""}}
    assert read("core.v1.Secret", f2={"a": b""}) == {"data": {"a": ""}}
    assert read("core.v1.Container", f4=["", "x"]) == {"args": ["", "x"]}


def test_inlined_messages_are_the_parents_fields() -> None:
    probe = read("core.v1.Probe", f1={"f1": {"f1": ["true"]}}, f4=5)
    assert probe == {"exec": {"command": ["true"]}, "periodSeconds": 5}
    key = read("core.v1.ConfigMapKeySelector", f1={"f1": "settings"}, f2="colour")
    assert key == {"name": "settings", "key": "colour"}


def test_a_time_that_is_not_set_is_absent() -> None:
    assert read("meta.v1.ObjectMeta", f8={}) == {}
    assert read("meta.v1.ObjectMeta", f9={"f1": -62135596800, "f2": 0}) == {}


def test_the_epoch_is_a_time() -> None:
    assert read("meta.v1.Time", f1=0, f2=0) == "1970-01-01T00:00:00Z"


def test_times_have_seconds_and_micro_times_six_digits_more() -> None:
    assert read("meta.v1.Time", f1=1, f2=999999999) == "1970-01-01T00:00:01Z"
    assert read("meta.v1.MicroTime", f1=-1, f2=1999) == "1969-12-31T23:59:59.000001Z"


def test_a_time_outside_the_calendar_is_refused() -> None:
    with pytest.raises(BadRequest, match="9223372036854775807 seconds"):
        read("meta.v1.Time", f1=2**63 - 1)


def test_an_int_or_string_is_what_its_type_says() -> None:
    assert read("intstr.IntOrString", f1=0, f2=80, f3="") == 80
    assert read("intstr.IntOrString", f1=1, f2=0, f3="http") == "http"


def test_a_target_port_that_is_not_set_is_absent() -> None:
    assert read("core.v1.ServicePort", f3=80, f4={"f1": 0, "f2": 0, "f3": ""}) == {"port": 80}


def test_zero_pods_may_be_unavailable() -> None:
    assert read("policy.v1.PodDisruptionBudgetSpec", f3={"f1": 0}) == {"maxUnavailable": 0}


def test_lists_that_are_values_of_a_map_are_lists() -> None:
    assert read("authorization.v1.SubjectAccessReviewSpec", f5={"scopes": {"f1": ["a", "b"]}}) == {
        "extra": {"scopes": ["a", "b"]}
    }


def test_a_schema_or_something_simpler() -> None:
    schema = "apiextensions.v1.JSONSchemaProps"
    assert read(schema, f30={"f1": False}) == {"additionalProperties": False}
    assert read(schema, f30={"f1": True, "f2": {"f5": "string"}}) == {
        "additionalProperties": {"type": "string"}
    }
    assert read(schema, f24={"f1": {"f5": "string"}}) == {"items": {"type": "string"}}
    assert read(schema, f8={"f1": b'{"a":1.0}'}, f9=5.0) == {"default": {"a": 1.0}, "maximum": 5}


def test_numbers_that_json_does_not_have_are_refused() -> None:
    with pytest.raises(BadRequest, match="finite"):
        read("apiextensions.v1.JSONSchemaProps", f9=float("nan"))


def test_an_embedded_object_may_be_json_or_an_envelope() -> None:
    json = read("apps.v1.ControllerRevision", f2={"f1": b'{"spec":{}}'})
    assert json == {"data": {"spec": {}}}
    inner = envelope("v1", "ConfigMap", class_of("core.v1.ConfigMap")(f2={"a": "1"}).SerializeToString())
    nested = read("apps.v1.ControllerRevision", f2={"f1": inner})
    assert nested == {"data": {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "1"}}}


def test_malformed_json_inside_is_a_bad_request() -> None:
    with pytest.raises(BadRequest, match="JSON inside it is malformed"):
        read("apps.v1.ControllerRevision", f2={"f1": b"{"})


@pytest.mark.parametrize("open_", [b"[", b'{"a":'])
def test_bottomless_json_is_a_bad_request(open_: bytes) -> None:
    revision = class_of("apps.v1.ControllerRevision")(f2={"f1": open_ * 100_000})
    with pytest.raises(BadRequest):
        decode(envelope("apps/v1", "ControllerRevision", revision.SerializeToString()))


def test_envelopes_in_envelopes_without_end_are_a_bad_request() -> None:
    body = b"{}"
    for _ in range(2000):
        revision = class_of("apps.v1.ControllerRevision")(f2={"f1": body})
        body = envelope("apps/v1", "ControllerRevision", revision.SerializeToString())
    with pytest.raises(BadRequest, match="nested too deeply"):
        decode(body)


def test_text_that_is_not_utf8_is_a_bad_request() -> None:
    raw = b"\x0a\x04\x0a\x02\xff\xfe"  # metadata.name
    with pytest.raises(BadRequest, match="no well-formed ConfigMap"):
        decode(envelope("v1", "ConfigMap", raw))


def test_fields_of_a_newer_release_are_ignored() -> None:
    raw = class_of("core.v1.ConfigMap")(f2={"a": "1"}).SerializeToString() + b"\xf2\x3f\x01x"
    assert decode(envelope("v1", "ConfigMap", raw)) == ("v1", "ConfigMap", {"data": {"a": "1"}})


def test_a_body_that_is_no_envelope_is_told_so() -> None:
    with pytest.raises(BadRequest, match="does not appear to be a protobuf message"):
        decode(b"{}")


def test_an_envelope_must_name_a_kind_that_there_is() -> None:
    with pytest.raises(BadRequest, match="'Kind' is missing"):
        decode(envelope("v1", "", b""))
    with pytest.raises(BadRequest, match="'apiVersion' is missing"):
        decode(envelope("", "Pod", b""))
    with pytest.raises(BadRequest, match=r'no kind "Widget" is registered for version "example\.org/v1"'):
        decode(envelope("example.org/v1", "Widget", b""))
    with pytest.raises(BadRequest, match="no kind"):
        decode(envelope("apps.example.org/v1", "Deployment", b""))
    with pytest.raises(BadRequest, match="no kind"):
        decode(envelope("apps/../core.v1", "Pod", b""))
