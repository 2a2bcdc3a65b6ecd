"""Kubeconfigs: reading a user's file, and changing only what is ours in it."""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from wherry.client import kubeconfig
from wherry.client.kubeconfig import Access, KubeconfigError, load, merge, remove

OTHERS: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "prod", "cluster": {"server": "https://prod", "insecure-skip-tls-verify": True}}],
    "contexts": [{"name": "prod", "context": {"cluster": "prod", "user": "me", "namespace": "team"}}],
    "users": [{"name": "me", "user": {"token": "secret"}}],
    "current-context": "prod",
    "extensions": [{"name": "kept"}],
}
OURS = Access(server="https://127.0.0.1:6443", ca=b"CA", certificate=b"CERT", key=b"KEY")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(OTHERS))
    return path


def test_reads_the_current_context(path: Path) -> None:
    access = load(path)
    assert access.server == "https://prod"
    assert not access.verify
    assert (access.bearer(), access.namespace, access.context) == ("secret", "team", "prod")


def test_what_is_merged_is_read_back(path: Path) -> None:
    merge(path, "wherry", OURS)
    assert load(path) == Access(**{**OURS.__dict__, "context": "wherry"})
    assert load(path, "prod").server == "https://prod"
    assert yaml.safe_load(path.read_text())["extensions"] == [{"name": "kept"}]


def test_merging_again_replaces(path: Path) -> None:
    merge(path, "wherry", OURS)
    merge(path, "wherry", Access(server="https://127.0.0.1:7000"))
    assert load(path).server == "https://127.0.0.1:7000"
    assert len(yaml.safe_load(path.read_text())["clusters"]) == 2


def test_removing_leaves_the_file_as_it_was(path: Path) -> None:
    merge(path, "wherry", OURS, current=False)
    assert remove(path, "wherry")
    assert yaml.safe_load(path.read_text()) == OTHERS
    assert not remove(path, "wherry")


def test_a_file_that_holds_nothing_any_more_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "config"
    merge(path, "wherry", OURS)
    assert remove(path, "wherry")
    assert not path.exists()


def test_makes_a_file_that_only_its_owner_can_read(tmp_path: Path) -> None:
    path = tmp_path / "new" / "config"
    merge(path, "wherry", OURS)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [each.name for each in path.parent.iterdir()] == ["config"]


def test_writes_through_a_link(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(path)
    merge(link, "wherry", OURS)
    assert link.is_symlink()
    assert load(path).context == "wherry"


def test_certificates_may_be_files_beside_it(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_bytes(b"CA")
    tree = {
        **OTHERS,
        "clusters": [{"name": "prod", "cluster": {"server": "s", "certificate-authority": "ca.pem"}}],
    }
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(tree))
    assert load(path).ca == b"CA"


def test_embedded_certificates_are_base64(path: Path) -> None:
    merge(path, "wherry", OURS)
    users = {user["name"]: user["user"] for user in yaml.safe_load(path.read_text())["users"]}
    assert base64.b64decode(users["wherry"]["client-key-data"]) == b"KEY"


def test_says_which_contexts_there_are(path: Path) -> None:
    with pytest.raises(KubeconfigError, match="no context 'other'; there are: prod"):
        load(path, "other")


def test_says_what_to_do_without_a_file(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match="wherry up"):
        load(tmp_path / "none")


def test_a_lock_that_stays_is_named(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubeconfig, "LOCK_TRIES", 2)
    monkeypatch.setattr(kubeconfig, "LOCK_PAUSE", 0.001)
    lock = Path(f"{path}.lock")
    os.close(os.open(lock, os.O_CREAT))
    with pytest.raises(KubeconfigError, match="remove"):
        merge(path, "wherry", OURS)


def test_the_environment_names_the_file(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", f"{path}{os.pathsep}/other")
    assert kubeconfig.default_path() == path
