"""The rooms' contracts (pyproject.toml, import-linter) hold, and they speak of rooms that are there."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "wherry"


def contracts() -> list[dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    found: list[dict[str, Any]] = settings["tool"]["importlinter"]["contracts"]
    return found


def test_every_contract_is_kept() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout[-4000:]
    assert f"{len(contracts())} kept, 0 broken" in done.stdout


def test_every_room_has_its_place_in_the_stack() -> None:
    stack = next(contract for contract in contracts() if contract["type"] == "layers")
    placed = {room.strip().removeprefix("wherry.") for layer in stack["layers"] for room in layer.split("|")}
    rooms = {path.parent.name for path in SOURCE.glob("*/__init__.py")}
    assert placed == rooms


def test_every_folder_of_modules_says_what_it_is_for() -> None:
    """All but the API's group folders, which hold one file a kind and nothing else."""
    folders = {path.parent for path in SOURCE.rglob("*.py")} - set((SOURCE / "api").iterdir())
    silent = [str(each) for each in folders if not (each / "__init__.py").exists()]
    assert not silent
