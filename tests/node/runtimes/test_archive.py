"""OCI archives as they are read."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from wherry.node.runtimes import images
from wherry.node.runtimes.archive import Archive, canonical
from wherry.node.runtimes.interface import RuntimeFailure


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("busybox", "docker.io/library/busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36"),
        ("bitnami/redis", "docker.io/bitnami/redis:latest"),
        ("docker.io/redis", "docker.io/library/redis:latest"),
        ("index.docker.io/a/b:c", "docker.io/a/b:c"),
        ("quay.io/a/b", "quay.io/a/b:latest"),
        ("localhost/web:2", "localhost/web:2"),
        ("registry:5000/web", "registry:5000/web:latest"),
        ("web@sha256:00", "docker.io/library/web@sha256:00"),
        ("quay.io/a:1@sha256:00", "quay.io/a:1@sha256:00"),
    ],
)
def test_a_reference_is_completed_as_docker_does(short: str, full: str) -> None:
    assert canonical(short) == full
    assert canonical(full) == full


def test_blobs_come_children_first_and_name_what_they_refer_to(tmp_path: Path) -> None:
    path = str(tmp_path / "image.tar")
    images.write_image(path, "web", {"a": images.File(content=b"a")})
    with Archive(path) as archive:
        [(name, root)] = archive.images()
        blobs = list(archive.blobs(root))
    assert name == "docker.io/library/web:latest"
    assert [blob.media_type for blob in blobs] == [images.CONFIG, images.LAYER, images.MANIFEST]
    assert blobs[-1].refers == (("config", blobs[0].digest), ("l.0", blobs[1].digest))


def test_pieces_make_up_the_blob(tmp_path: Path) -> None:
    path = str(tmp_path / "image.tar")
    images.write_image(path, "web", {"a": images.File(content=b"a" * 100_000)})
    with Archive(path) as archive:
        layer = list(archive.blobs(archive.images()[0][1]))[1]
        pieces = list(archive.pieces(layer.digest, 4096))
    assert max(map(len, pieces)) == 4096
    assert images.digest(b"".join(pieces)) == layer.digest


def test_what_is_no_archive_is_refused(tmp_path: Path) -> None:
    garbage, other = tmp_path / "garbage", tmp_path / "other.tar"
    garbage.write_bytes(b"garbage")
    with pytest.raises(RuntimeFailure, match="cannot be read"):
        Archive(str(garbage))
    with tarfile.open(other, "w") as tar:
        tar.addfile(tarfile.TarInfo("manifest.json"))
    with pytest.raises(RuntimeFailure, match="skopeo copy"):
        Archive(str(other))
