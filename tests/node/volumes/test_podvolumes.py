"""Pod volumes: every type is made from what it refers to, follows its changes, and goes with the pod."""

from __future__ import annotations

import base64
import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from wherry.api.authentication.tokenrequest import TokenRequest, TokenRequestStatus
from wherry.api.core.configmap import ConfigMap
from wherry.api.core.persistentvolume import PersistentVolume
from wherry.api.core.persistentvolumeclaim import PersistentVolumeClaim
from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.machinery.schema import edit
from wherry.node.downward import Surroundings
from wherry.node.volumes.interface import VolumeFailure
from wherry.node.volumes.podvolumes import TYPES, PodVolumes


class Objects:
    """What the API holds."""

    def __init__(self) -> None:
        self.configmaps: dict[str, ConfigMap] = {}
        self.secrets: dict[str, Secret] = {}
        self.claims: dict[str, PersistentVolumeClaim] = {}
        self.volumes: dict[str, PersistentVolume] = {}
        self.requests: list[TokenRequest] = []

    async def configmap(self, namespace: str, name: str) -> ConfigMap | None:
        return self.configmaps.get(name)

    async def secret(self, namespace: str, name: str) -> Secret | None:
        return self.secrets.get(name)

    async def claim(self, namespace: str, name: str) -> PersistentVolumeClaim | None:
        return self.claims.get(name)

    async def volume(self, name: str) -> PersistentVolume | None:
        return self.volumes.get(name)

    async def token(self, account: str, namespace: str, request: TokenRequest) -> TokenRequest:
        self.requests.append(request)
        ends = "2026-01-01T01:00:00Z"
        return edit(request, status=TokenRequestStatus(token=f"token-{account}", expirationTimestamp=ends))


class Clock:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def objects() -> Objects:
    return Objects()


@pytest.fixture
def volumes(objects: Objects, tmp_path: Path) -> PodVolumes:
    around = Surroundings(node="n1", pod_ips=("10.0.0.5",))
    return PodVolumes(tmp_path / "pod", objects, lambda: around, Clock(), may_mount=False)  # type: ignore[arg-type]  # only now() is asked


def pod(*sources: dict[str, Any], **spec: Any) -> Pod:
    tree = {
        "metadata": {"name": "p", "namespace": "n", "uid": "u", "labels": {"a": "1"}},
        "spec": {"volumes": [{"name": f"v{n}", **source} for n, source in enumerate(sources)], **spec},
    }
    return msgspec.convert(tree, Pod)


def read(volumes: PodVolumes, name: str, volume: str = "v0") -> str:
    return (Path(volumes.mounted[volume].path) / name).read_text()


async def test_an_empty_dir_is_open_to_all(volumes: PodVolumes) -> None:
    await volumes.set_up(pod({"emptyDir": {}}))
    assert stat.S_IMODE(os.stat(volumes.mounted["v0"].path).st_mode) == 0o777


async def test_a_configmap_follows_its_changes(volumes: PodVolumes, objects: Objects) -> None:
    objects.configmaps["cm"] = ConfigMap(
        data={"k": "1"}, binaryData={"b": base64.b64encode(b"\xff").decode()}
    )
    wanted = pod({"configMap": {"name": "cm"}})
    await volumes.set_up(wanted)
    assert read(volumes, "k") == "1"
    objects.configmaps["cm"] = ConfigMap(data={"k": "2"})
    await volumes.refresh(wanted)
    assert read(volumes, "k") == "2"
    assert not (Path(volumes.mounted["v0"].path) / "b").exists()


async def test_chosen_keys_get_their_paths_and_modes(volumes: PodVolumes, objects: Objects) -> None:
    objects.secrets["s"] = Secret(data={"k": base64.b64encode(b"v").decode()})
    items = [{"key": "k", "path": "d/f", "mode": 0o400}]
    await volumes.set_up(pod({"secret": {"secretName": "s", "items": items}}))
    assert read(volumes, "d/f") == "v"
    assert stat.S_IMODE((Path(volumes.mounted["v0"].path) / "d" / "f").stat().st_mode) == 0o400


async def test_what_is_missing_fails_the_mount_unless_optional(volumes: PodVolumes) -> None:
    with pytest.raises(VolumeFailure) as failure:
        await volumes.set_up(pod({"configMap": {"name": "cm"}}))
    assert str(failure.value) == 'MountVolume.SetUp failed for volume "v0" : configmap "cm" not found'
    await volumes.set_up(pod({"configMap": {"name": "cm", "optional": True}}))
    assert [entry for entry in os.listdir(volumes.mounted["v0"].path) if not entry.startswith("..")] == []


async def test_a_projection_joins_its_sources_and_renews_its_token(
    volumes: PodVolumes, objects: Objects
) -> None:
    objects.configmaps["ca"] = ConfigMap(data={"ca.crt": "PEM"})
    sources = [
        {"serviceAccountToken": {"path": "token", "expirationSeconds": 3607, "audience": "api"}},
        {"configMap": {"name": "ca"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
    ]
    await volumes.set_up(pod({"projected": {"sources": sources}}, serviceAccountName="bot"))
    assert (read(volumes, "token"), read(volumes, "ca.crt"), read(volumes, "labels")) == (
        "token-bot",
        "PEM",
        'a="1"',
    )
    [request] = objects.requests
    assert (request.spec.audiences, request.spec.expirationSeconds) == (("api",), 3607)
    assert request.spec.boundObjectRef is not None
    assert request.spec.boundObjectRef.uid == "u"
    assert volumes.refresh_at == Clock().now() + timedelta(seconds=0.8 * 3600)


async def test_a_token_belongs_to_the_user_that_all_containers_run_as(
    volumes: PodVolumes, objects: Objects
) -> None:
    source = {"projected": {"sources": [{"serviceAccountToken": {"path": "token"}}]}}
    spec = {"securityContext": {"runAsUser": os.getuid()}, "containers": [{"name": "c"}]}
    await volumes.set_up(pod(source, **spec))
    assert stat.S_IMODE((Path(volumes.mounted["v0"].path) / "token").stat().st_mode) == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
async def test_an_fs_group_owns_and_reads_the_files(volumes: PodVolumes, objects: Objects) -> None:
    objects.configmaps["cm"] = ConfigMap(data={"k": "1"})
    spec = {"securityContext": {"fsGroup": 4242}}
    await volumes.set_up(pod({"configMap": {"name": "cm", "defaultMode": 0o400}}, {"emptyDir": {}}, **spec))
    found = (Path(volumes.mounted["v0"].path) / "k").stat()
    assert (found.st_gid, stat.S_IMODE(found.st_mode)) == (4242, 0o440)
    shared = os.stat(volumes.mounted["v1"].path)
    assert shared.st_gid == 4242
    assert shared.st_mode & stat.S_ISGID


async def test_host_paths_are_checked(volumes: PodVolumes, tmp_path: Path) -> None:
    await volumes.set_up(pod({"hostPath": {"path": str(tmp_path / "new"), "type": "DirectoryOrCreate"}}))
    assert (tmp_path / "new").is_dir()
    with pytest.raises(VolumeFailure, match="is not a file"):
        await volumes.set_up(pod({"hostPath": {"path": str(tmp_path / "new"), "type": "File"}}))


async def test_a_claim_leads_to_its_volume(volumes: PodVolumes, objects: Objects, tmp_path: Path) -> None:
    wanted = pod({"persistentVolumeClaim": {"claimName": "data", "readOnly": True}})
    objects.claims["data"] = msgspec.convert(
        {"spec": {"volumeName": "pv"}, "status": {"phase": "Pending"}}, PersistentVolumeClaim
    )
    with pytest.raises(VolumeFailure, match="is not bound yet"):
        await volumes.set_up(wanted)
    objects.claims["data"] = msgspec.convert(
        {"spec": {"volumeName": "pv"}, "status": {"phase": "Bound"}}, PersistentVolumeClaim
    )
    objects.volumes["pv"] = msgspec.convert(
        {"spec": {"hostPath": {"path": str(tmp_path / "pv")}}}, PersistentVolume
    )
    await volumes.set_up(wanted)
    assert volumes.mounted["v0"].path == str(tmp_path / "pv")
    assert volumes.mounted["v0"].readonly


async def test_an_unsupported_type_is_named(volumes: PodVolumes) -> None:
    with pytest.raises(VolumeFailure, match="volumes of type nfs are not supported"):
        await volumes.set_up(pod({"nfs": {"server": "s", "path": "/"}}))


async def test_nothing_is_left_after_tear_down(volumes: PodVolumes, objects: Objects) -> None:
    await volumes.set_up(pod({"emptyDir": {}}))
    await volumes.tear_down()
    assert not volumes.folder.exists()


def test_every_type_has_a_file_of_its_own() -> None:
    import wherry.node.volumes as package

    found = {path.stem for path in Path(next(iter(package.__path__))).glob("*.py")}
    shared = {"__init__", "interface", "ownership", "payload", "podvolumes", "sources", "subpath"}
    assert found - shared == set(TYPES)
