"""Every namespace has the certificate of the cluster's CA."""

from __future__ import annotations

from wherry.api.core.configmap import ConfigMap
from wherry.api.core.namespace import Namespace, NamespaceStatus
from wherry.controllers.contract import Create, Update, played
from wherry.controllers.rootcacertpublisher import publisher
from wherry.controllers.snapshot import Snapshot
from wherry.machinery.meta import Object, ObjectMeta
from wherry.machinery.schema import edit

TEAM = Namespace(metadata=ObjectMeta(name="team"))


def look(namespace: Namespace, *objects: Object) -> list[object]:
    return list(played(publisher("CA").reconcile(namespace, Snapshot(namespace, objects))))


def test_is_made_once_and_repaired() -> None:
    (create,) = look(TEAM)
    assert isinstance(create, Create)
    made = create.object
    assert isinstance(made, ConfigMap)
    assert (made.metadata.name, made.metadata.namespace) == ("kube-root-ca.crt", "team")
    assert made.data == {"ca.crt": "CA"}
    assert look(TEAM, made) == []
    (update,) = look(TEAM, edit(made, data={"ca.crt": "forged"}))
    assert isinstance(update, Update)
    assert update.object == made


def test_not_in_namespaces_that_are_going() -> None:
    assert look(edit(TEAM, status=NamespaceStatus(phase="Terminating"))) == []
