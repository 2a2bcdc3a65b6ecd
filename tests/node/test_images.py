"""Images: there by policy, or a reason why not."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.machinery.meta import ObjectMeta
from wherry.node.images import Images, PullFailure, credentials, registry_of, with_tag
from wherry.node.runtimes.fake import FakeRuntime
from wherry.node.runtimes.interface import RuntimeFailure

POD = Pod(metadata=ObjectMeta(name="p", namespace="n", uid="u"))


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.at = datetime(2026, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


class Case:
    def __init__(self) -> None:
        self.clock = Clock()
        self.runtime = FakeRuntime(self.clock)  # type: ignore[arg-type]  # only the time is asked
        self.images = Images(self.runtime, self.clock)  # type: ignore[arg-type]  # only the time is asked
        self.said: list[str] = []

    async def ensure(self, image: str, policy: str) -> str:
        def note(type: str, reason: str, message: str) -> None:
            self.said.append(reason)

        return (await self.images.ensure(image, policy, POD, (), None, note)).id

    async def fails(self, image: str, policy: str) -> str:
        with pytest.raises(PullFailure) as failure:
            await self.ensure(image, policy)
        return failure.value.failure.reason


@pytest.fixture
def case() -> Case:
    return Case()


async def test_what_is_present_is_not_pulled(case: Case) -> None:
    await case.ensure("app:1", "IfNotPresent")
    await case.ensure("app:1", "IfNotPresent")
    assert case.said == ["Pulling", "Pulled", "Pulled"]


async def test_always_pulls_always_and_latest_means_always(case: Case) -> None:
    await case.ensure("app", "")
    await case.ensure("app", "")
    assert case.said == ["Pulling", "Pulled"] * 2


async def test_never_means_never(case: Case) -> None:
    assert await case.fails("app:1", "Never") == "ErrImageNeverPull"


async def test_a_bad_name_is_said_to_be_one(case: Case) -> None:
    assert await case.fails("Bad Name", "Always") == "InvalidImageName"


async def test_failing_pulls_are_backed_off_longer_and_longer(case: Case) -> None:
    case.runtime.failing["pull"] = RuntimeFailure("no")
    waits = []
    for _ in range(7):
        assert await case.fails("app:1", "Always") == "ErrImagePull"
        assert await case.fails("app:1", "Always") == "ImagePullBackOff"
        before = case.clock.at
        with pytest.raises(PullFailure) as failure:
            await case.ensure("app:1", "Always")
        until = failure.value.failure.until
        assert until is not None
        waits.append(int((until - before).total_seconds()))
        case.clock.at = until
    assert waits == [10, 20, 40, 80, 160, 300, 300]
    del case.runtime.failing["pull"]
    await case.ensure("app:1", "Always")
    case.clock.at += timedelta(seconds=1)
    assert case.said[-1] == "Pulled"


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("app", "app:latest"),
        ("app:1", "app:1"),
        ("host:5000/a/b", "host:5000/a/b:latest"),
        ("a@sha256:" + "0" * 64, "a@sha256:" + "0" * 64),
        ("a:", None),
        ("A b", None),
    ],
)
def test_tags_are_added_where_there_is_none(name: str, full: str | None) -> None:
    assert with_tag(name) == full


def test_credentials_are_found_by_registry() -> None:
    assert registry_of("busybox:1") == "docker.io"
    assert registry_of("host:5000/a") == "host:5000"
    auth = base64.b64encode(b"me:secret").decode()
    config = {"auths": {"https://index.docker.io/v1/": {"auth": auth}, "host:5000": {"username": "you"}}}
    secret = Secret(data={".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()})
    [hub] = credentials("busybox:1", [secret])
    assert (hub.username, hub.password) == ("me", "secret")
    [own] = credentials("host:5000/a:1", [secret])
    assert own.username == "you"
    assert credentials("other.example/a", [secret]) == ()
