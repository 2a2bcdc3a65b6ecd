"""Nothing is imported that is not needed: what a program that only looks costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Each of these costs more than all of wherry's own modules that `--help` needs.
HEAVY = (
    "uvloop",
    "cryptography",
    "grpc",
    "numpy",
    "rich",
    "google.protobuf",
    "yaml",
    "asyncio",
    "ssl",
    "msgspec",
)
LOADED = "import sys; print('|'.join(sys.modules), file=sys.stderr)"


def loaded_by(program: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{LOADED}"], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stderr.strip().splitlines()[-1].split("|"))


@pytest.mark.parametrize(
    "program",
    [
        "import wherry",
        "from wherry.cluster.entry import cli; cli.main(['--help'], standalone_mode=False)",
        "from wherry.cluster.entry import cli; cli.main(['--version'], standalone_mode=False)",
        "from wherry.cluster.entry import cli; cli.main(['up', '--help'], standalone_mode=False)",
    ],
)
def test_help_imports_nothing_heavy(program: str) -> None:
    assert not loaded_by(program) & set(HEAVY)


def test_an_api_server_needs_no_program_that_only_a_node_needs() -> None:
    loaded = loaded_by("import wherry.apiserver.server")
    assert not {
        name for name in loaded if name.split(".")[0] in ("grpc", "numpy", "rich", "pyroute2", "yaml")
    }
    assert not {
        name for name in loaded if name.startswith(("wherry.node.", "wherry.client.", "wherry.network."))
    }


def test_wherry_is_a_program_and_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wherry", "--version"], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.startswith("wherry, version ")
