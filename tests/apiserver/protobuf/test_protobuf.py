import gzip
import json
import subprocess
import sys
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.apiserver.protobuf.trees import full, kinds, objects

from wherry.apiserver.protobuf import decode, encode, watch_frame
from wherry.apiserver.protobuf.tables import message_for
from wherry.machinery.errors import BadRequest

BODIES = Path(__file__).parent / "bodies"
PRINTED = sorted(path.stem for path in BODIES.glob("*.json"))
# Go prints structs that are no pointers even where nothing is in them.
EMPTY_IN_GO = ("metadata", "spec", "strategy", "resources")


def without_empty(node: Any) -> Any:
    """What kubectl printed, less what says nothing."""
    if isinstance(node, list):
        return [without_empty(item) for item in node]
    if not isinstance(node, dict):
        return node
    tree = {key: without_empty(value) for key, value in node.items()}
    return {key: value for key, value in tree.items() if value != {} or key not in EMPTY_IN_GO}


@pytest.mark.parametrize("name", PRINTED)
def test_a_body_of_kubectl_reads_as_the_json_that_it_prints(name: str) -> None:
    printed = json.loads((BODIES / f"{name}.json").read_text())
    printed.pop("status", None)
    apiVersion, kind, tree = decode((BODIES / f"{name}.pb").read_bytes())
    assert {"apiVersion": apiVersion, "kind": kind, **tree} == without_empty(printed)


def test_reads_the_secret_that_helm_keeps_a_release_in() -> None:
    apiVersion, kind, tree = decode((BODIES / "release.pb").read_bytes())
    assert (apiVersion, kind, tree["type"]) == ("v1", "Secret", "helm.sh/release.v1")
    assert tree["metadata"]["labels"]["owner"] == "helm"
    release = json.loads(gzip.decompress(b64decode(b64decode(tree["data"]["release"]))))
    assert release["name"] == "demo"


@pytest.mark.parametrize(("apiVersion", "kind"), kinds())
def test_every_field_of_every_kind_comes_back(apiVersion: str, kind: str) -> None:
    message = message_for(apiVersion, kind)
    assert message is not None
    tree = full(message)
    assert decode(encode(apiVersion, kind, tree)) == (apiVersion, kind, tree)


@given(objects())
def test_what_is_written_reads_the_same(object: tuple[str, str, dict[str, Any]]) -> None:
    assert decode(encode(*object)) == object


@given(objects())
def test_equal_trees_give_equal_bytes(object: tuple[str, str, dict[str, Any]]) -> None:
    apiVersion, kind, tree = object
    turned = dict(reversed(tree.items()))
    assert encode(apiVersion, kind, tree) == encode(apiVersion, kind, turned)


@given(st.binary(max_size=200))
def test_noise_is_a_bad_request(noise: bytes) -> None:
    for body in (noise, b"k8s\0" + noise):
        with pytest.raises(BadRequest):
            decode(body)


@given(st.sampled_from(sorted(BODIES.glob("*.pb"))), st.data())
def test_a_damaged_body_is_read_or_a_bad_request(path: Path, data: st.DataObject) -> None:
    body = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(body)))
    for damaged in (bytes(body), bytes(body[:cut])):
        with suppress(BadRequest):
            decode(damaged)


def test_a_watch_frame_is_a_length_and_an_event_around_the_object() -> None:
    object = encode("v1", "ConfigMap", {"metadata": {"name": "a"}})
    frame = watch_frame("ADDED", object)
    assert int.from_bytes(frame[:4], "big") == len(frame) - 4
    inner = b"\x0a" + bytes([len(object)]) + object
    assert frame[4:] == b"\x0a\x05ADDED" + b"\x12" + bytes([len(inner)]) + inner


def test_importing_the_codec_does_not_import_the_protobuf_library() -> None:
    code = "import sys, wherry.apiserver.protobuf; print('google.protobuf' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
