"""Where a setting comes from, and what is said of one that makes no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from wherry.cluster.config import Config, ConfigError, keep, load, settled


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_cluster_that_is_told_nothing_has_the_usual_ports_and_ranges(data: Path) -> None:
    config = load({"data_dir": data})
    assert (config.name, config.port, config.agent_port) == ("wherry", 6443, 10250)
    assert (config.service_cidr, config.cluster_cidr, config.store) == (
        "10.96.0.0/16",
        "10.244.0.0/16",
        "sqlite",
    )
    assert config.context == "wherry"
    assert config.url == "https://127.0.0.1:6443"
    assert not data.exists(), "looking writes nothing"


def test_a_cluster_with_a_name_has_a_folder_and_a_context_of_its_own() -> None:
    config = load({"name": "blue"})
    assert config.context == "wherry-blue"
    assert config.data_dir.name == "blue"


def test_flags_win_over_environment_over_file_over_what_was_kept(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(Config(data_dir=data, port=1001, host="kept", node_ip="192.0.2.1", node_name="kept"))
    file = write(tmp_path / "c.yaml", "port: 1002\nnode_ip: 192.0.2.2\nhost: file\n")
    monkeypatch.setenv("WHERRY_PORT", "1003")
    monkeypatch.setenv("WHERRY_NODE_IP", "192.0.2.3")
    config = load({"data_dir": data, "port": 1004, "store": None}, file=file)
    assert (config.port, config.node_ip, config.host, config.node_name) == (
        1004,
        "192.0.2.3",
        "file",
        "kept",
    )


def test_what_was_kept_is_found_again(data: Path) -> None:
    config = Config(data_dir=data, port=7001, node_name="n7", node_ip="192.0.2.7", store="memory")
    keep(config)
    assert load({"data_dir": data}) == config


def test_a_setting_that_a_file_leaves_empty_is_not_set(data: Path, tmp_path: Path) -> None:
    file = write(tmp_path / "c.yaml", "containerd:\nport:\n")
    config = load({"data_dir": data}, file=file)
    assert (config.containerd, config.port) == ("", 6443)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("prot: 1", "unknown setting 'prot'; known are"),
        ("port: many", "port must be a number, not 'many'"),
        ("port: true", "port must be a number, not True"),
        ("- a", "is not a map of settings"),
        ("a: [", "is not YAML"),
        ("store: oracle", "'oracle' is not known: use sqlite or memory"),
        ("service_cidr: 10.96.0.0/99", "write it like 10.96.0.0/16"),
        ("service_cidr: 10.244.128.0/20", "service_cidr and cluster_cidr overlap"),
        ("port: 70000", "70000 is no port: choose one from 1 to 65535"),
        ("name: a/b", "cannot be named 'a/b'"),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused_in_one_line(
    data: Path, tmp_path: Path, text: str, words: str
) -> None:
    file = write(tmp_path / "c.yaml", text)
    with pytest.raises(ConfigError) as refused:
        load({"data_dir": data}, file=file)
    assert words in str(refused.value)


def test_a_file_that_cannot_be_read_is_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml cannot be read: No such file"):
        load({"data_dir": data}, file=tmp_path / "nowhere.yaml")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="is not text"):
        load({"data_dir": data}, file=binary)


def test_a_number_in_the_environment_must_be_one(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WHERRY_PORT", "http")
    with pytest.raises(ConfigError, match="WHERRY_PORT='http' is not a number"):
        load({"data_dir": data})


def test_what_is_left_open_is_decided_once(data: Path) -> None:
    config = settled(Config(data_dir=data))
    assert config.node_name
    assert config.node_ip
    assert settled(config) == config
    assert settled(Config(node_name="n", node_ip="192.0.2.9")).node_ip == "192.0.2.9"
