"""Images: OCI archives written offline, byte for byte the same each time.

The pause image that every sandbox starts from, and a busybox image with a small web server for examples
and tests. `Runtime.load` reads what is written here; so do skopeo, podman and docker.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence

import msgspec

from wherry.node.runtimes import pause
from wherry.node.runtimes.archive import NAME, REF_NAME, canonical
from wherry.node.runtimes.interface import RuntimeFailure, Value

PAUSE = "localhost/wherry/pause:1"
BUSYBOX = "localhost/wherry/busybox:1"

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
EPOCH = "1970-01-01T00:00:00Z"


class File(Value):
    """A file of an image."""

    content: bytes
    mode: int = 0o644


class ImageConfig(Value):
    """What a container of the image runs, unless it says otherwise."""

    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    working_dir: str = ""
    user: str = ""
    ports: tuple[int, ...] = ()

    def tree(self) -> dict[str, object]:
        fields = {
            "Entrypoint": list(self.entrypoint),
            "Cmd": list(self.cmd),
            "Env": [f"{name}={value}" for name, value in self.env.items()],
            "WorkingDir": self.working_dir,
            "User": self.user,
            "ExposedPorts": {f"{port}/tcp": {} for port in self.ports},
        }
        return {name: value for name, value in fields.items() if value}


def write_image(
    path: str,
    reference: str,
    files: Mapping[str, File],
    links: Mapping[str, str] = {},
    *,
    config: ImageConfig = ImageConfig(),
    architecture: str = "",
) -> str:
    """Write an image of one layer to an OCI archive at `path`; its manifest's digest.

    `files` and `links` (symbolic) are named without a leading slash; folders come by themselves, and
    one named with a trailing slash is kept though it is empty.
    """
    architecture = architecture or this_architecture()
    layer = _layer(files, links)
    settings = _json(
        {
            "architecture": architecture,
            "os": "linux",
            "created": EPOCH,
            "config": config.tree(),
            "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
        }
    )
    manifest = _json(
        {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": _descriptor(CONFIG, settings),
            "layers": [_descriptor(LAYER, layer)],
        }
    )
    full = canonical(reference)
    named = _descriptor(MANIFEST, manifest) | {
        "platform": {"architecture": architecture, "os": "linux"},
        "annotations": {NAME: full, REF_NAME: full},
    }
    entries = {_blob_path(blob): File(content=blob) for blob in (layer, settings, manifest)}
    entries["oci-layout"] = File(content=_json({"imageLayoutVersion": "1.0.0"}))
    entries["index.json"] = File(
        content=_json({"schemaVersion": 2, "mediaType": INDEX, "manifests": [named]})
    )
    unfinished = f"{path}.part"
    with open(unfinished, "wb") as file:
        file.write(_layer(entries, {}))
    os.replace(unfinished, path)
    return digest(manifest)


def write_pause(path: str, reference: str = PAUSE, architecture: str = "") -> str:
    architecture = architecture or this_architecture()
    files = {"pause": File(content=pause.executable(architecture), mode=0o755)}
    config = ImageConfig(entrypoint=("/pause",), user="65535:65535")
    return write_image(path, reference, files, config=config, architecture=architecture)


# httpd as process 1 would ignore SIGTERM, and a pod would take its whole grace period to go.
SERVE = b"""#!/bin/sh
httpd -f -p "${PORT:-8080}" -h /www &
trap 'kill $!; exit 0' TERM INT
wait
"""
# Served for "/", as there is no index.html.
ANSWER = b"""#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n%s %s\\n' "$(hostname)" "${VERSION:-1}"
"""
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/nonexistent:/bin/false\n"
GROUP = b"root:x:0:\nnogroup:x:65534:\n"


def write_busybox(path: str, reference: str = BUSYBOX, busybox: str = "", env: Mapping[str, str] = {}) -> str:
    """A busybox image with all its applets; `serve` answers over HTTP with its hostname and $VERSION."""
    program = busybox or shutil.which("busybox") or ""
    if not program:
        raise RuntimeFailure("there is no busybox; install it, for example with: apt install busybox-static")
    with open(program, "rb") as file:
        content = file.read()
    if not is_static(content):
        raise RuntimeFailure(
            f"{program} needs shared libraries; install a static one, for example with: "
            "apt install busybox-static"
        )
    applets = subprocess.run([program, "--list"], capture_output=True, check=True, text=True).stdout.split()
    files = {
        "bin/busybox": File(content=content, mode=0o755),
        "bin/serve": File(content=SERVE, mode=0o755),
        "www/cgi-bin/index.cgi": File(content=ANSWER, mode=0o755),
        "etc/passwd": File(content=PASSWD),
        "etc/group": File(content=GROUP),
        "root/": File(content=b"", mode=0o700),
        "tmp/": File(content=b"", mode=0o1777),
    }
    links = {f"bin/{applet}": "busybox" for applet in applets if applet != "busybox"}
    config = ImageConfig(cmd=("serve",), env={"PATH": "/bin", **env}, ports=(8080,))
    return write_image(path, reference, files, links, config=config)


def is_static(program: bytes) -> bool:
    """Whether an ELF file needs no interpreter (no PT_INTERP among its program headers)."""
    if program[:5] != b"\x7fELF\x02":
        return False
    start = int.from_bytes(program[32:40], "little")
    size, count = (int.from_bytes(program[at : at + 2], "little") for at in (54, 56))
    kinds = [program[start + size * index :][:4] for index in range(count)]
    return b"\x03\x00\x00\x00" not in kinds


def this_architecture() -> str:
    machine = platform.machine()
    return ARCHITECTURES.get(machine, machine)


def digest(blob: bytes) -> str:
    return f"sha256:{hashlib.sha256(blob).hexdigest()}"


def _blob_path(blob: bytes) -> str:
    return "blobs/" + digest(blob).replace(":", "/", 1)


def _descriptor(media_type: str, blob: bytes) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest(blob), "size": len(blob)}


def _json(tree: object) -> bytes:
    return msgspec.json.encode(tree, order="sorted")


def _layer(files: Mapping[str, File], links: Mapping[str, str]) -> bytes:
    """A tar of these files and links in the order of their names, owned by root, from the epoch."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted({*_folders([*files, *links]), *files, *links}):
            entry = tarfile.TarInfo(name.rstrip("/"))
            file = files.get(name)
            if name in links:
                entry.type, entry.linkname, entry.mode = tarfile.SYMTYPE, links[name], 0o777
                tar.addfile(entry)
            elif name.endswith("/"):
                entry.type, entry.mode = tarfile.DIRTYPE, file.mode if file else 0o755
                tar.addfile(entry)
            elif file is not None:
                entry.size, entry.mode = len(file.content), file.mode
                tar.addfile(entry, io.BytesIO(file.content))
    return out.getvalue()


def _folders(names: Sequence[str]) -> set[str]:
    """Every folder on the way to these names, with a trailing slash."""
    return {name[: at + 1] for name in names for at, letter in enumerate(name) if letter == "/"}
