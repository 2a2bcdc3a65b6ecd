"""Body: from the bytes of a request to a JSON tree of the right kind, with all that is wrong named."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import msgspec

from wherry.api.registry import Resource
from wherry.apiserver.call import Call
from wherry.machinery.errors import BadRequest, ErrorType, FieldError, UnsupportedMediaType, invalid_object
from wherry.machinery.schema import Findings, Tree, complete

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
UNKNOWN_FORMAT = (
    "the body of the request was in an unknown format - accepted media types include: "
    f"{JSON}, {YAML}, {PROTOBUF}"
)
_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower() or JSON


def parse(body: bytes, content_type: str) -> Any:
    """The tree in a request's body, whichever format it is in."""
    match media_type(content_type):
        case "application/json":
            return _json(body)
        case "application/yaml":
            return _yaml(body)
        case "application/vnd.kubernetes.protobuf":
            return _protobuf(body)
        case _:
            raise UnsupportedMediaType(UNKNOWN_FORMAT)


def _json(body: bytes) -> Any:
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"the object provided is unrecognized (must be of type JSON): {error}") from None


def _yaml(body: bytes) -> Any:
    import yaml  # seldom sent

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.load(body, Loader=loader)
    except yaml.YAMLError as error:
        raise BadRequest(f"error converting YAML to JSON: {error}") from None


def _protobuf(body: bytes) -> Any:
    from wherry.apiserver.protobuf import decode  # the tables are loaded by the first such request

    apiVersion, kind, tree = decode(body)
    return {"apiVersion": apiVersion, "kind": kind, **tree}


def object_of(call: Call, resource: Resource | None = None) -> Tree:
    """The request's object: parsed, of the resource's kind, completed; unknown fields treated as asked."""
    resource = resource or call.resource
    tree = parse(call.body, call.content_type)
    if not isinstance(tree, dict):
        raise BadRequest("the request's body is not an object: send one with apiVersion, kind and metadata")
    check_kind(tree, resource)
    looks = _looks(call) and media_type(call.content_type) == JSON
    duplicates = duplicate_fields(call.body, tree) if looks else ()
    completed(tree, resource, call, duplicates)
    return tree


def check_kind(tree: Tree, resource: Resource) -> None:
    """BadRequest where a tree says that it is of another kind or version."""
    version, kind = tree.get("apiVersion"), tree.get("kind")
    if kind not in (None, "", resource.kind):
        said = str(version).rpartition("/")[2]
        raise BadRequest(
            f'{kind} in version "{said}" cannot be handled as a {resource.kind}: converting ({version}, '
            f"Kind={kind}) to ({resource.apiVersion}, Kind={resource.kind}): unknown conversion"
        )
    if version not in (None, "", resource.apiVersion):
        raise BadRequest(
            f"the API version in the data ({version}) does not match the expected API version "
            f"({resource.apiVersion})"
        )


def unfit(resource: Resource, why: str) -> BadRequest:
    """What is in the body cannot be read as the resource's kind."""
    kind = resource.kind
    return BadRequest(f'{kind} in version "{resource.version}" cannot be handled as a {kind}: {why}')


def completed(tree: Tree, resource: Resource, call: Call, duplicates: Sequence[str] = ()) -> None:
    """Complete a tree in place; say or refuse what its type does not know, by `fieldValidation`."""
    findings = Findings() if _looks(call) else None
    try:
        complete(tree, resource.shape, findings)
    except BadRequest as error:
        raise unfit(resource, error.message) from None
    if findings is None or not (findings.unknown or duplicates):
        return
    said = [f'unknown field "{path}"' for path in findings.unknown]
    said += [f'duplicate field "{path}"' for path in duplicates]
    if call.params.get("fieldValidation") != "Strict":
        call.warnings.extend(said)
        return
    raise unfit(resource, f"strict decoding error: {', '.join(said)}")


def _looks(call: Call) -> bool:
    """Whether unknown fields matter to this call: all but fieldValidation=Ignore."""
    mode = call.params.get("fieldValidation", "")
    if mode not in ("", "Ignore", "Warn", "Strict"):
        detail = 'supported values: "", "Ignore", "Strict", "Warn"'
        error = FieldError("fieldValidation", detail, mode, ErrorType.NotSupported)
        raise invalid_object("CreateOptions", "", [error], "meta.k8s.io")
    return mode != "Ignore"


def duplicate_fields(body: bytes, tree: Any) -> Sequence[str]:
    """Paths of fields that stand twice in a JSON body, given the tree that was read from it.

    Programs send compact JSON: as long as its own re-encoding, it holds nothing twice, and no more is
    done. Anything else is read once more, slowly, with every key seen.
    """
    if len(_encode(tree)) == len(body):
        return ()
    found: list[str] = []
    _find_duplicates(json.loads(body, object_pairs_hook=_Pairs), "", found)
    return found


class _Pairs(list[tuple[str, Any]]):
    """An object's pairs, before one of two equal keys is lost."""


def _find_duplicates(node: Any, path: str, found: list[str]) -> None:
    if isinstance(node, _Pairs):
        seen = set()
        for key, value in node:
            where = f"{path}.{key}" if path else key
            if key in seen:
                found.append(where)
            seen.add(key)
            _find_duplicates(value, where, found)
    elif isinstance(node, list):
        for index, item in enumerate(node):
            _find_duplicates(item, f"{path}[{index}]", found)
