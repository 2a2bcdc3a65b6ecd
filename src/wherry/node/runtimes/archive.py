"""OCI archives: image tars read for loading, member by member, without unpacking them to disk."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from wherry.node.runtimes.interface import RuntimeFailure

NAME = "io.containerd.image.name"
REF_NAME = "org.opencontainers.image.ref.name"
DOCKER = "docker.io"

INDEXES = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
MANIFESTS = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class Blob(NamedTuple):
    """A piece of an image. `refers` names what must not be collected while it is there."""

    media_type: str
    digest: str
    size: int
    refers: tuple[tuple[str, str], ...] = ()  # label suffix, digest


class Archive:
    """An open OCI archive: `images` by reference, `blobs` under each, leaves first."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._tar = tarfile.TarFile.open(path)
            self._members = {member.name.removeprefix("./"): member for member in self._tar}
        except (OSError, tarfile.TarError) as error:
            raise RuntimeFailure(f"{path} cannot be read as a tar archive: {error}") from error
        if "index.json" not in self._members:
            self.close()
            raise RuntimeFailure(
                f"{path} is no OCI archive: it has no index.json; "
                f"make one with: skopeo copy SOURCE oci-archive:{path}:NAME"
            )

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._tar.close()

    def images(self) -> list[tuple[str, Blob]]:
        """References and what they stand for; those without a full reference are left out."""
        tree = msgspec.json.decode(self._content("index.json"))
        found = []
        for descriptor in tree.get("manifests") or ():
            notes = descriptor.get("annotations") or {}
            if name := notes.get(NAME) or notes.get(REF_NAME):
                found.append((canonical(name), self._blob(descriptor)))
        if not found:
            raise RuntimeFailure(
                f"{self.path} names no image: its index.json has neither {NAME} nor {REF_NAME}"
            )
        return found

    def blobs(self, root: Blob) -> Iterator[Blob]:
        """All that the image consists of and the archive holds, children before parents."""
        if root.media_type in INDEXES + MANIFESTS:
            tree = msgspec.json.decode(self.data(root.digest))
            for child in _children(tree):
                blob = self._blob(child[1])
                if _path(blob.digest) in self._members:
                    yield from self.blobs(blob)
        yield root

    def data(self, digest: str) -> bytes:
        return self._content(_path(digest))

    def pieces(self, digest: str, size: int) -> Iterator[bytes]:
        """The blob in pieces of `size` bytes."""
        opened = self._tar.extractfile(self._members[_path(digest)])
        assert opened is not None, f"{digest} is no regular file in {self.path}"
        while piece := opened.read(size):
            yield piece

    def _blob(self, descriptor: dict[str, Any]) -> Blob:
        media_type, digest = descriptor.get("mediaType", ""), descriptor["digest"]
        refers: tuple[tuple[str, str], ...] = ()
        if media_type in INDEXES + MANIFESTS and _path(digest) in self._members:
            tree = msgspec.json.decode(self.data(digest))
            refers = tuple((suffix, child["digest"]) for suffix, child in _children(tree))
        return Blob(media_type, digest, int(descriptor["size"]), refers)

    def _content(self, name: str) -> bytes:
        member = self._members.get(name)
        opened = self._tar.extractfile(member) if member else None
        if opened is None:
            raise RuntimeFailure(f"{self.path} is incomplete: it has no {name}")
        return opened.read()


def _children(tree: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What an index or a manifest refers to, with the suffix containerd's collector knows it by."""
    for number, manifest in enumerate(tree.get("manifests") or ()):
        yield f"m.{number}", manifest
    if "config" in tree:
        yield "config", tree["config"]
    for number, layer in enumerate(tree.get("layers") or ()):
        yield f"l.{number}", layer


def _path(digest: str) -> str:
    return "blobs/" + digest.replace(":", "/", 1)


def canonical(reference: str) -> str:
    """The full reference: `busybox` is `docker.io/library/busybox:latest`."""
    name, at, digest = reference.partition("@")
    first, slash, rest = name.partition("/")
    if not slash:
        name = f"{DOCKER}/library/{name}"
    elif not ("." in first or ":" in first or first == "localhost"):
        name = f"{DOCKER}/{name}"
    elif first in ("index.docker.io", DOCKER):
        name = f"{DOCKER}/{rest if '/' in rest else 'library/' + rest}"
    if at:
        return f"{name}@{digest}"
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"
