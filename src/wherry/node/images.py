"""Images: what a container needs is there before it starts: looked up, pulled by policy, with back-off."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from wherry.api.core.pod import Pod
from wherry.api.core.secret import Secret
from wherry.machinery import times
from wherry.machinery.clock import Clock
from wherry.node.facts import Failure
from wherry.node.runtimes.interface import Auth, Image, Runtime, RuntimeFailure, SandboxConfig, Value

log = logging.getLogger(__name__)

FIRST_BACKOFF, LONGEST_BACKOFF = 10.0, 300.0  # seconds
SOON = timedelta(seconds=1)
DOCKER_HUB = ("docker.io", "index.docker.io", "registry-1.docker.io")

_REFERENCE = re.compile(
    r"(?P<name>[a-zA-Z0-9][a-zA-Z0-9.-]*(:[0-9]+)?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+"
    r"|[a-z0-9]+([._-]+[a-z0-9]+)*(/[a-z0-9]+([._-]+[a-z0-9]+)*)*)"
    r"(:(?P<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?(@(?P<digest>[a-z0-9]+:[a-f0-9]{32,}))?"
)

Report = Callable[[str, str, str], None]


class PullFailure(Exception):
    """The image can't be had now; `failure` says so in the container's status."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Backoff(Value):
    delay: float
    until: datetime
    message: str


class Images:
    """The node's images, and how pulling them has gone so far."""

    def __init__(self, runtime: Runtime, clock: Clock) -> None:
        self._runtime = runtime
        self._clock = clock
        self._backoffs: dict[tuple[str, str], Backoff] = {}
        self._pulls: dict[str, asyncio.Lock] = {}

    async def ensure(
        self,
        image: str,
        policy: str,
        pod: Pod,
        secrets: Sequence[Secret],
        sandbox: SandboxConfig | None,
        report: Report,
    ) -> Image:
        """The image, on this node. PullFailure says why not, and when to ask again."""
        reference = with_tag(image)
        if reference is None:
            raise PullFailure(
                Failure(
                    reason="InvalidImageName",
                    message=f'Failed to apply default image tag "{image}": couldn\'t parse image name '
                    f'"{image}": invalid reference format',
                    until=self._clock.now() + timedelta(seconds=FIRST_BACKOFF),
                )
            )
        policy = policy or ("Always" if reference.endswith(":latest") else "IfNotPresent")
        present = None if policy == "Always" else await self._runtime.image_status(reference)
        if present is not None:
            report("Normal", "Pulled", f'Container image "{image}" already present on machine')
            return present
        if policy == "Never":
            message = f'Container image "{image}" is not present with pull policy of Never'
            report("Warning", "ErrImageNeverPull", message)
            raise PullFailure(
                Failure(
                    reason="ErrImageNeverPull",
                    message=message,
                    until=self._clock.now() + timedelta(seconds=FIRST_BACKOFF),
                )
            )
        return await self._pull_with_backoff(image, reference, pod, secrets, sandbox, report)

    async def _pull_with_backoff(
        self,
        image: str,
        reference: str,
        pod: Pod,
        secrets: Sequence[Secret],
        sandbox: SandboxConfig | None,
        report: Report,
    ) -> Image:
        key = (pod.metadata.uid, reference)
        now = self._clock.now()
        backoff = self._backoffs.get(key)
        if backoff is not None and now < backoff.until:
            message = f'Back-off pulling image "{image}"'
            report("Normal", "BackOff", message)
            full = f"{message}: ErrImagePull: {backoff.message}"
            raise PullFailure(Failure(reason="ImagePullBackOff", message=full, until=backoff.until))
        report("Normal", "Pulling", f'Pulling image "{image}"')
        began = self._clock.monotonic()
        try:
            found = await self._pull(reference, secrets, sandbox)
        except RuntimeFailure as error:
            self._backoffs[key] = self._next(backoff, str(error))
            report("Warning", "Failed", f'Failed to pull image "{image}": {error}')
            report("Warning", "Failed", "Error: ErrImagePull")
            until = self._clock.now() + SOON
            raise PullFailure(Failure(reason="ErrImagePull", message=str(error), until=until)) from error
        self._backoffs.pop(key, None)
        took = times.format_duration(timedelta(milliseconds=round(1000 * (self._clock.monotonic() - began))))
        report(
            "Normal",
            "Pulled",
            f'Successfully pulled image "{image}" in {took} ({took} including waiting). '
            f"Image size: {found.size} bytes.",
        )
        return found

    async def _pull(self, reference: str, secrets: Sequence[Secret], sandbox: SandboxConfig | None) -> Image:
        """One pull of a reference at a time: who comes second mostly finds its layers there."""
        async with self._pulls.setdefault(reference, asyncio.Lock()):
            failure: RuntimeFailure | None = None
            for auth in credentials(reference, secrets) or (None,):
                try:
                    name = await self._runtime.pull(reference, auth, sandbox)
                except RuntimeFailure as error:
                    failure = error
                    continue
                found = await self._runtime.image_status(name)
                return found if found is not None else Image(id=name)
        assert failure is not None
        raise failure

    def _next(self, last: Backoff | None, message: str) -> Backoff:
        delay = FIRST_BACKOFF if last is None else min(2 * last.delay, LONGEST_BACKOFF)
        return Backoff(delay=delay, until=self._clock.now() + timedelta(seconds=delay), message=message)

    def forget(self, uid: str) -> None:
        """The pod is gone."""
        self._backoffs = {key: value for key, value in self._backoffs.items() if key[0] != uid}


def with_tag(image: str) -> str | None:
    """`image` with `:latest` where it names neither tag nor digest; None if it is no image name."""
    match = _REFERENCE.fullmatch(image)
    if match is None:
        return None
    return image if match["tag"] or match["digest"] else f"{image}:latest"


def registry_of(reference: str) -> str:
    first, slash, _ = reference.partition("/")
    named = slash and ("." in first or ":" in first or first == "localhost")
    return first if named else "docker.io"


def credentials(reference: str, secrets: Sequence[Secret]) -> tuple[Auth, ...]:
    """What the pod's imagePullSecrets hold for the image's registry, best match first."""
    registry = registry_of(reference)
    repository = reference.rpartition("@")[0] or reference
    found: list[tuple[int, Auth]] = []
    for secret in secrets:
        for place, entry in _entries(secret).items():
            host, _, path = place.removeprefix("https://").removeprefix("http://").partition("/")
            path = "" if path in ("v1/", "v2/", "v1", "v2") else path
            same = host == registry or (host in DOCKER_HUB and registry in DOCKER_HUB)
            if same and (not path or repository.partition("/")[2].startswith(path)):
                found.append((len(path), _auth(entry, place)))
    return tuple(auth for _, auth in sorted(found, key=lambda pair: -pair[0]))


def _entries(secret: Secret) -> Mapping[str, Mapping[str, str]]:
    try:
        if ".dockerconfigjson" in secret.data:
            tree = msgspec.json.decode(base64.b64decode(secret.data[".dockerconfigjson"]))
            return tree.get("auths") or {}
        if ".dockercfg" in secret.data:
            return msgspec.json.decode(base64.b64decode(secret.data[".dockercfg"])) or {}
    except (ValueError, AttributeError):
        log.warning("A pull secret holds no registry credentials.", extra={"secret": secret.metadata.name})
    return {}


def _auth(entry: Mapping[str, str], place: str) -> Auth:
    username, password = entry.get("username", ""), entry.get("password", "")
    if encoded := entry.get("auth"):
        try:
            username, _, password = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            log.warning("Registry credentials are not base64.", extra={"registry": place})
    return Auth(
        username=username,
        password=password,
        identity_token=entry.get("identitytoken", ""),
        registry_token=entry.get("registrytoken", ""),
        server_address=place,
    )
