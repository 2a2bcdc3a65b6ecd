"""token: a signed token for a ServiceAccount, by itself or bound to an object."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from wherry.api.authentication.tokenrequest import TokenRequest
from wherry.api.core.node import Node
from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.api.registry import Resource, resource_for
from wherry.apiserver import body
from wherry.apiserver.call import Call, Outcome
from wherry.apiserver.read import key_of
from wherry.apiserver.tokens import Bound
from wherry.machinery.errors import (
    FieldError,
    ServiceUnavailable,
    conflict,
    invalid,
    invalid_object,
    not_found,
)
from wherry.machinery.times import format_seconds

if TYPE_CHECKING:
    from wherry.apiserver.api import Api

DEFAULT_SECONDS = 3600
SHORTEST = 600
LONGEST = 1 << 32
MOUNTED_SECONDS = 3607  # what Pods ask for; they get a year, and a warning from an hour on
YEAR = 365 * 24 * 3600
KINDS = {("v1", "Pod"): Pod, ("v1", "Secret"): Secret, ("v1", "Node"): Node}
RESOURCE = Resource("authentication.k8s.io", "v1", "TokenRequest", "", module="authentication.tokenrequest")


async def handle(call: Call, api: Api) -> Outcome:
    if api.tokens is None:
        raise ServiceUnavailable("this server has no key to sign tokens with: start it with one")
    account = api.writer.find(call)
    if account is None:
        raise not_found("serviceaccounts", call.name)
    tree = body.object_of(call, RESOURCE)
    spec: dict[str, Any] = tree.setdefault("spec", {})
    seconds = spec.get("expirationSeconds") or DEFAULT_SECONDS
    _check(seconds, call)
    audiences = spec.get("audiences") or list(api.tokens.audiences)
    bound = _bound(spec.get("boundObjectRef") or {}, call, api, account.typed.metadata.uid)
    now = api.clock.now()
    mounted = seconds == MOUNTED_SECONDS and bound.kind == "Pod"
    life = YEAR if mounted else seconds
    warn = int(now.timestamp()) + seconds if mounted else None
    signed = api.tokens.issue(bound, audiences, now, life, api.clock.uuid(), warn_after=warn)
    spec.update(audiences=audiences, expirationSeconds=seconds)
    tree.update(
        apiVersion=TokenRequest.apiVersion,
        kind=TokenRequest.kind,
        metadata={
            "name": call.name,
            "namespace": call.namespace,
            "creationTimestamp": format_seconds(now),
        },
        status={"token": signed, "expirationTimestamp": format_seconds(now + timedelta(seconds=seconds))},
    )
    return Outcome(201, tree=tree)


def _check(seconds: int, call: Call) -> None:
    errors: list[FieldError] = []
    if seconds < SHORTEST:
        errors.append(
            invalid("spec.expirationSeconds", seconds, "may not specify a duration less than 10 minutes")
        )
    elif seconds > LONGEST:
        errors.append(
            invalid("spec.expirationSeconds", seconds, "may not specify a duration larger than 2^32 seconds")
        )
    if errors:
        raise invalid_object("TokenRequest", call.name, errors, "authentication.k8s.io")


def _bound(ref: dict[str, Any], call: Call, api: Api, uid: str) -> Bound:
    """What the token is bound to; it must be there, and be the one that was meant."""
    if not ref:
        return Bound(call.namespace, call.name, uid)
    kind = KINDS.get((ref.get("apiVersion", ""), ref.get("kind", "")))
    if kind is None:
        why = f"cannot bind token to object of type {ref.get('apiVersion', '')}, Kind={ref.get('kind', '')}"
        raise invalid_object(
            "TokenRequest", call.name, [invalid("spec.boundObjectRef", ref, why)], "authentication.k8s.io"
        )
    resource = resource_for(kind)
    name = ref.get("name", "")
    entry = api.hub.cache(resource).get(key_of(resource, call.namespace, name))
    if entry is None:
        raise not_found(resource.plural, name)
    found = entry.typed
    if ref.get("uid") and ref["uid"] != found.metadata.uid:
        why = (
            f"the UID in the bound object reference ({ref['uid']}) does not match the UID in record. "
            "The object might have been deleted and then recreated"
        )
        raise conflict(resource.plural, name, why=why)
    node = found.spec.nodeName if isinstance(found, Pod) else ""
    node_uid = ""
    if node and (seen := api.hub.cache(resource_for(Node)).get(node)) is not None:
        node_uid = seen.typed.metadata.uid
    return Bound(
        call.namespace,
        call.name,
        uid,
        ref["kind"],
        name,
        found.metadata.uid,
        node if node_uid else "",
        node_uid,
    )
