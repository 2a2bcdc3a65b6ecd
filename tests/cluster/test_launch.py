"""What `up` looks at before it starts anything."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from wherry.cluster import launch, processes
from wherry.cluster.config import Config, keep
from wherry.cluster.launch import CONTROL_PLANE, TOOLS, Launch, LaunchFailed
from wherry.cluster.progress import Progress


@pytest.fixture
def as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda tool: f"/usr/bin/{tool}")


def up(config: Config) -> None:
    Launch(config, Progress(quiet=True)).up()


def test_without_root_it_says_what_can_be_done(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(LaunchFailed, match="a node needs root to run containers: use sudo, or run the"):
        up(config)
    assert not config.data_dir.exists()


def test_what_is_not_installed_is_named_with_its_package(
    config: Config, as_root: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda tool: None)
    with pytest.raises(LaunchFailed) as refused:
        up(config)
    assert all(tool in str(refused.value) for tool in TOOLS)
    assert f"apt-get install {' '.join(TOOLS.values())}" in str(refused.value)


@pytest.mark.parametrize("change", [{"port": 7001}, {"service_cidr": "10.97.0.0/16"}, {"store": "memory"}])
def test_a_cluster_that_runs_is_not_given_other_settings(
    config: Config, as_root: None, change: dict[str, object]
) -> None:
    keep(config)
    before = (config.data_dir / "config.yaml").read_text()
    processes.record(config.run, CONTROL_PLANE, os.getpid())
    with pytest.raises(LaunchFailed, match=f"runs with {next(iter(change))} .*stop it with `wherry down`"):
        up(replace(config, **change))  # type: ignore[arg-type]  # one field each
    assert (config.data_dir / "config.yaml").read_text() == before


def test_a_damaged_key_is_named_before_anything_starts(config: Config, as_root: None) -> None:
    config.pki.mkdir(parents=True)
    for name in ("ca.crt", "ca.key"):
        (config.pki / name).write_text("nonsense")
    with pytest.raises(LaunchFailed, match=r"ca\.crt or \.key is damaged"):
        up(config)
    assert not config.run.exists()


def test_addresses_that_lead_elsewhere_are_not_taken(
    config: Config, as_root: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = tmp_path / "routes"
    routes.write_text("heading\nwherry-b0\t0000F40A\t0\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n")
    monkeypatch.setattr(launch, "ROUTES", routes)
    with pytest.raises(
        LaunchFailed, match=r"10\.244\.0\.0/16 is in use: .* leads to wherry-b0.*--cluster-cidr"
    ):
        up(config)
    assert not config.data_dir.exists()
