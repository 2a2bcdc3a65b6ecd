"""Every namespace has an account named default. In a cluster: tests/manager/test_engine.py."""

from __future__ import annotations

from wherry.api.core.namespace import Namespace, NamespaceStatus
from wherry.api.core.serviceaccount import ServiceAccount
from wherry.controllers.contract import Create, played
from wherry.controllers.serviceaccount import namespace_of, reconcile
from wherry.controllers.snapshot import Snapshot
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.schema import edit

TEAM = Namespace(metadata=ObjectMeta(name="team"))
DEFAULT = ServiceAccount(metadata=ObjectMeta(name="default", namespace="team"))


def test_is_made_where_it_is_missing() -> None:
    assert played(reconcile(TEAM, Snapshot(TEAM))) == [Create(DEFAULT)]
    assert played(reconcile(TEAM, Snapshot(TEAM, [DEFAULT]))) == []


def test_not_in_namespaces_that_are_going() -> None:
    going = edit(TEAM, status=NamespaceStatus(phase="Terminating"))
    assert played(reconcile(going, Snapshot(going))) == []


def test_other_accounts_do_not_matter() -> None:
    assert list(namespace_of(DEFAULT, Snapshot())) == [("", "team")]
    builder = ServiceAccount(metadata=ObjectMeta(name="builder", namespace="team"))
    assert list(namespace_of(builder, Snapshot())) == []
