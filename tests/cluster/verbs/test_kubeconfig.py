"""`wherry kubeconfig`: what clients need, or where it is."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from wherry.cluster.entry import cli


def run(data: Path, *arguments: str) -> None:
    cli.main(["kubeconfig", *arguments, "--data-dir", str(data)], standalone_mode=False)


def test_it_is_printed_or_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kubeconfig").write_text("kind: Config\n")
    run(tmp_path)
    run(tmp_path, "--path")
    assert capsys.readouterr().out == f"kind: Config\n{tmp_path / 'kubeconfig'}\n"


def test_before_the_first_start_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(click.ClickException, match="no cluster 'wherry' yet: start it with `wherry up`"):
        run(tmp_path)
