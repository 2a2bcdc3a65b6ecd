"""ServiceAccount controller: every namespace has an account named default."""

from __future__ import annotations

from collections.abc import Iterator

from wherry.api.core.namespace import Namespace
from wherry.api.core.serviceaccount import ServiceAccount
from wherry.controllers.contract import Create, Key, Observed, Round, Watch, controller
from wherry.machinery.meta import ObjectMeta

NAME = "default"


def namespace_of(account: ServiceAccount, seen: Observed) -> Iterator[Key]:
    if account.metadata.name == NAME:
        yield ("", account.metadata.namespace)


@controller(
    "serviceaccount-controller",
    reconciles=Namespace,
    watches=(Watch(ServiceAccount, namespace_of, when=lambda old, new: False),),
    writes={"serviceaccounts": ("create",)},
    account="service-account-controller",
)
def reconcile(namespace: Namespace, seen: Observed) -> Round:
    name = namespace.metadata.name
    if namespace.status.phase != "Active" or namespace.metadata.deletionTimestamp:
        return
    if seen.get(ServiceAccount, NAME, name) is None:
        yield Create(ServiceAccount(metadata=ObjectMeta(name=NAME, namespace=name)))
