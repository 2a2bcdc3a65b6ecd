"""What one version has written another opens, or leaves alone and says why."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cluster.verbs.test_server import Server

from wherry.api.apps.deployment import Deployment
from wherry.api.core.configmap import ConfigMap
from wherry.api.core.namespace import Namespace
from wherry.api.core.secret import Secret
from wherry.api.core.service import Service
from wherry.api.rbac.clusterrole import ClusterRole
from wherry.api.registry import resource_for
from wherry.client.client import Client
from wherry.machinery.meta import Object, ObjectMeta

KINDS: tuple[type[Object], ...] = (ConfigMap, Secret, Namespace, Service, Deployment, ClusterRole)


@pytest.fixture
def servers() -> Iterator[list[Server]]:
    made: list[Server] = []
    yield made
    for each in made:
        if each.process.poll() is None:
            each.process.kill()
        each.process.communicate()


async def everything(client: Client) -> dict[str, Any]:
    """All objects of some kinds, as the API shows them."""
    found = {}
    for kind in KINDS:
        listing = msgspec.json.decode(await client.transport.call("list", resource_for(kind)))
        found[kind.kind] = listing["items"]
    return found


async def test_a_data_folder_opens_again_as_it_was(tmp_path: Path, servers: list[Server]) -> None:
    first = Server(tmp_path / "d")
    servers.append(first)
    client = first.client()
    text = "ä\n\u2028\U0001f6a3 \\ \" '"
    metadata = ObjectMeta(name="kept", namespace="default", annotations={"a": text})
    await client.create(ConfigMap(metadata=metadata, data={"text": text, "empty": ""}))
    await client.create(Secret(metadata=metadata, data={"key": "AAECAw=="}))
    before = await everything(client)
    identities = {path.name: path.read_bytes() for path in (tmp_path / "d" / "pki").iterdir()}
    await client.close()
    assert first.end() == (0, [])
    second = Server(tmp_path / "d", first.port)
    servers.append(second)
    assert second.said == "ready"
    client = second.client()
    assert await everything(client) == before
    await client.close()
    assert {path.name: path.read_bytes() for path in (tmp_path / "d" / "pki").iterdir()} == identities


def test_a_store_of_a_later_version_is_left_alone(tmp_path: Path, servers: list[Server]) -> None:
    first = Server(tmp_path / "d")
    servers.append(first)
    first.end()
    file = tmp_path / "d" / "store" / "wherry.db"
    database = sqlite3.connect(file)
    (version,) = database.execute("PRAGMA user_version").fetchone()
    database.execute(f"PRAGMA user_version = {version + 1}")
    database.commit()
    database.close()
    before = file.read_bytes()
    second = Server(tmp_path / "d")
    servers.append(second)
    code, lines = second.over()
    assert code == 1
    assert len(lines) == 1
    assert str(file) in lines[0]
    assert file.read_bytes() == before


@pytest.mark.parametrize("text", ["colour: red\n", "port: 1\ncolour: red\n"])
def test_settings_of_a_later_version_are_refused(text: str, tmp_path: Path, servers: list[Server]) -> None:
    """Passing over what it does not know, it would run another cluster than was asked for."""
    folder = tmp_path / "d"
    folder.mkdir()
    (folder / "config.yaml").write_text(text)
    server = Server(folder)
    servers.append(server)
    code, lines = server.over()
    assert code != 0
    assert "unknown setting 'colour'" in lines[-1]
    assert [path.name for path in folder.iterdir()] == ["config.yaml"]
