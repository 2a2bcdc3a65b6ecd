"""Reviews: kinds that are questions: who am I, may I do this. Nothing is stored; the answer is the object."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from wherry.apiserver import body
from wherry.apiserver.call import Call, Outcome, User, user_tree

if TYPE_CHECKING:
    from wherry.apiserver.api import Api
from wherry.apiserver.authz import Attributes
from wherry.machinery.errors import invalid, invalid_object
from wherry.machinery.schema import Tree
from wherry.machinery.times import format_seconds


def _answer(call: Call, api: Api, tree: Tree, status: Tree) -> Outcome:
    tree.update(apiVersion=call.resource.apiVersion, kind=call.resource.kind, status=status)
    tree.setdefault("metadata", {})["creationTimestamp"] = format_seconds(api.clock.now())
    return Outcome(201, tree=tree)


async def self_subject_review(call: Call, api: Api) -> Outcome:
    return _answer(call, api, body.object_of(call), {"userInfo": user_tree(call.user)})


async def token_review(call: Call, api: Api) -> Outcome:
    tree = body.object_of(call)
    spec: dict[str, Any] = tree.get("spec") or {}
    try:
        user, audiences = api.authenticate_token(spec.get("token", ""), spec.get("audiences") or ())
    except ValueError as error:
        return _answer(call, api, tree, {"user": {}, "error": str(error)})
    status: Tree = {"authenticated": True, "user": user_tree(user), "audiences": list(audiences)}
    return _answer(call, api, tree, status)


async def access_review(call: Call, api: Api) -> Outcome:
    """SubjectAccessReview, SelfSubjectAccessReview and LocalSubjectAccessReview."""
    tree = body.object_of(call)
    spec: dict[str, Any] = tree.get("spec") or {}
    wanted: Any = spec.get("resourceAttributes")
    path: Any = spec.get("nonResourceAttributes")
    if (wanted is None) == (path is None):
        why = "exactly one of nonResourceAttributes or resourceAttributes must be specified"
        errors = [invalid("spec.resourceAttributes", wanted, why)]
        raise invalid_object(call.resource.kind, "", errors, call.resource.group)
    user = call.user if call.resource.kind == "SelfSubjectAccessReview" else _subject(spec)
    if wanted is not None:
        attributes = Attributes(
            wanted.get("verb", ""),
            wanted.get("group", ""),
            wanted.get("resource", ""),
            wanted.get("subresource", ""),
            wanted.get("namespace", ""),
            wanted.get("name", ""),
        )
    else:
        attributes = Attributes(path.get("verb", ""), path=path.get("path", ""))
    decision = api.authorizer.decide(user, attributes)
    status: Tree = {"allowed": decision.allowed}
    if decision.reason:
        status["reason"] = decision.reason
    return _answer(call, api, tree, status)


def _subject(spec: dict[str, Any]) -> User:
    extra = {key: tuple(values) for key, values in (spec.get("extra") or {}).items()}
    return User(spec.get("user", ""), tuple(spec.get("groups") or ()), spec.get("uid", ""), extra)


async def rules_review(call: Call, api: Api) -> Outcome:
    tree = body.object_of(call)
    namespace = (tree.get("spec") or {}).get("namespace", "")
    return _answer(call, api, tree, api.authorizer.rules(call.user, namespace))


Review = Callable[[Call, "Api"], Awaitable[Outcome]]

REVIEWS: Mapping[tuple[str, str], Review] = {
    ("authentication.k8s.io", "SelfSubjectReview"): self_subject_review,
    ("authentication.k8s.io", "TokenReview"): token_review,
    ("authorization.k8s.io", "SubjectAccessReview"): access_review,
    ("authorization.k8s.io", "SelfSubjectAccessReview"): access_review,
    ("authorization.k8s.io", "LocalSubjectAccessReview"): access_review,
    ("authorization.k8s.io", "SelfSubjectRulesReview"): rules_review,
}
