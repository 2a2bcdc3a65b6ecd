"""Images written offline."""

from __future__ import annotations

import io
import shutil
import tarfile
from pathlib import Path

import msgspec
import pytest

from wherry.node.runtimes import images
from wherry.node.runtimes.archive import Archive
from wherry.node.runtimes.interface import RuntimeFailure

FILES = {
    "bin/web": images.File(content=b"#!/bin/sh\n", mode=0o755),
    "tmp/": images.File(content=b"", mode=0o1777),
}
CONFIG = images.ImageConfig(
    entrypoint=("/bin/web",), cmd=("-v",), env={"PATH": "/bin"}, user="1000", working_dir="/tmp", ports=(80,)
)


def layer_of(path: Path) -> tarfile.TarFile:
    with Archive(str(path)) as archive:
        layer = list(archive.blobs(archive.images()[0][1]))[1]
        return tarfile.open(fileobj=io.BytesIO(archive.data(layer.digest)))


def test_the_same_image_is_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "1.tar", tmp_path / "2.tar"
    digests = {
        images.write_image(str(path), "web", dict(files), config=CONFIG)
        for path, files in ((first, FILES.items()), (second, reversed(FILES.items())))
    }
    assert len(digests) == 1
    assert first.read_bytes() == second.read_bytes()


def test_folders_modes_and_links_are_in_the_layer(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    images.write_image(str(path), "web", FILES, {"usr/bin/web": "/bin/web"})
    with layer_of(path) as layer:
        kinds = {member.name: (member.type, oct(member.mode), member.linkname) for member in layer}
    assert kinds == {
        "bin": (tarfile.DIRTYPE, "0o755", ""),
        "bin/web": (tarfile.REGTYPE, "0o755", ""),
        "tmp": (tarfile.DIRTYPE, "0o1777", ""),
        "usr": (tarfile.DIRTYPE, "0o755", ""),
        "usr/bin": (tarfile.DIRTYPE, "0o755", ""),
        "usr/bin/web": (tarfile.SYMTYPE, "0o777", "/bin/web"),
    }


def test_the_configuration_is_in_the_words_of_the_specification(tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    images.write_image(str(path), "web", FILES, config=CONFIG, architecture="arm64")
    with Archive(str(path)) as archive:
        config, layer, _ = archive.blobs(archive.images()[0][1])
        tree = msgspec.json.decode(archive.data(config.digest))
    assert tree["architecture"] == "arm64"
    assert tree["rootfs"]["diff_ids"] == [layer.digest]
    assert tree["config"] == {
        "Entrypoint": ["/bin/web"],
        "Cmd": ["-v"],
        "Env": ["PATH=/bin"],
        "User": "1000",
        "WorkingDir": "/tmp",
        "ExposedPorts": {"80/tcp": {}},
    }


def test_the_pause_image_holds_one_small_program(tmp_path: Path) -> None:
    path = tmp_path / "pause.tar"
    images.write_pause(str(path), architecture="arm64")
    with layer_of(path) as layer:
        assert [(member.name, member.mode) for member in layer] == [("pause", 0o755)]
    assert path.stat().st_size <= 20_480


def test_without_busybox_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RuntimeFailure, match="busybox-static"):
        images.write_busybox(str(tmp_path / "image.tar"))


def test_a_busybox_with_shared_libraries_is_refused(tmp_path: Path) -> None:
    shell = shutil.which("sh")
    assert shell is not None
    with pytest.raises(RuntimeFailure, match="static"):
        images.write_busybox(str(tmp_path / "image.tar"), busybox=shell)


@pytest.mark.skipif(shutil.which("busybox") is None, reason="busybox is not installed")
def test_the_busybox_image_has_all_applets(tmp_path: Path) -> None:
    path = tmp_path / "busybox.tar"
    images.write_busybox(str(path))
    with layer_of(path) as layer:
        names = set(layer.getnames())
    assert {"bin/sh", "bin/httpd", "bin/serve", "etc/passwd", "www/cgi-bin/index.cgi"} <= names
