"""Checks: one attempt at what probes and hooks do: a command, an HTTP request, a connection, a gRPC call.

Network checks go from the node to the pod's address.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from enum import Enum
from urllib.parse import urljoin, urlsplit

from wherry.api.core.container import (
    Container,
    ContainerPort,
    EphemeralContainer,
    GRPCAction,
    HTTPGetAction,
    HTTPHeader,
    TCPSocketAction,
)
from wherry.node.runtimes.interface import Runtime, RuntimeFailure, TimedOut, Value

MOST_OUTPUT = 10 * 1024  # bytes of an answer or of a command's output that anybody is told of
MOST_REDIRECTS = 10
USER_AGENT = "kube-probe/1.37"


class Outcome(Enum):
    SUCCESS = "success"
    WARNING = "warning"
    FAILURE = "failure"
    UNKNOWN = "unknown"  # the check itself could not be made


class Answer(Value):
    outcome: Outcome
    output: str = ""

    @property
    def ok(self) -> bool:
        return self.outcome in (Outcome.SUCCESS, Outcome.WARNING)


def failure(output: str) -> Answer:
    return Answer(outcome=Outcome.FAILURE, output=output)


class BadPort(Exception):
    """The container has no port of that name."""


def port_number(port: int | str | None, container: Container | EphemeralContainer) -> int:
    """A port given by number or by name."""
    if isinstance(port, int):
        return port
    ports: Sequence[ContainerPort] = container.ports
    for each in ports:
        if each.name == port:
            return each.containerPort
    if port and port.isdigit():
        return int(port)
    raise BadPort(f"couldn't find port: {port!r} in container {container.name}")


async def run_command(runtime: Runtime, run: str, command: Sequence[str], limit: float) -> Answer:
    try:
        result = await runtime.exec_sync(run, command, limit)
    except TimedOut:
        return failure(f'command timed out: "{" ".join(command)}" timed out after {limit:g}s')
    except RuntimeFailure as error:
        return Answer(outcome=Outcome.UNKNOWN, output=str(error))
    output = (result.stdout + result.stderr)[:MOST_OUTPUT].decode("utf-8", "replace")
    return Answer(outcome=Outcome.SUCCESS, output=output) if result.exit_code == 0 else failure(output)


async def connect(action: TCPSocketAction, host: str, port: int, limit: float) -> Answer:
    target = action.host or host
    try:
        async with asyncio.timeout(limit):
            _, writer = await asyncio.open_connection(target, port)
    except TimeoutError:
        return failure(f"dial tcp {_joined(target, port)}: i/o timeout")
    except OSError as error:
        return failure(f"dial tcp {_joined(target, port)}: {error.strerror or error}")
    writer.close()
    return Answer(outcome=Outcome.SUCCESS)


async def request(
    action: HTTPGetAction, host: str, port: int, limit: float, *, accept: str = "*/*"
) -> Answer:
    """A GET. 200 to 399 is success; redirects are followed as long as they stay on the host."""
    scheme = action.scheme.lower()
    target = action.host or host
    path = action.path if action.path.startswith("/") else f"/{action.path}"
    url = f"{scheme}://{_joined(target, port)}{path}"
    try:
        async with asyncio.timeout(limit):
            return await _follow(url, action.httpHeaders, accept)
    except TimeoutError:
        return failure(
            f'Get "{url}": context deadline exceeded (Client.Timeout exceeded while awaiting headers)'
        )
    except (OSError, ValueError, asyncio.IncompleteReadError) as error:
        return failure(f'Get "{url}": {getattr(error, "strerror", None) or error}')


async def _follow(url: str, headers: Sequence[HTTPHeader], accept: str) -> Answer:
    first = urlsplit(url)
    for _ in range(MOST_REDIRECTS):
        status, location, body = await _get(url, headers, accept)
        if status in (301, 302, 303, 307, 308) and location:
            url = urljoin(url, location)
            if urlsplit(url).hostname != first.hostname:
                return Answer(
                    outcome=Outcome.WARNING, output=f"Probe terminated redirects, Response body: {body}"
                )
            continue
        if 200 <= status < 400:
            return Answer(outcome=Outcome.SUCCESS, output=body)
        return failure(f"HTTP probe failed with statuscode: {status}")
    return failure(f'Get "{url}": stopped after {MOST_REDIRECTS} redirects')


async def _get(url: str, headers: Sequence[HTTPHeader], accept: str) -> tuple[int, str, str]:
    """Status, location and the beginning of the body."""
    parts = urlsplit(url)
    tls = _unverified() if parts.scheme == "https" else None
    port = parts.port or (443 if tls else 80)
    reader, writer = await asyncio.open_connection(parts.hostname, port, ssl=tls)
    try:
        path = parts.path or "/"
        writer.write(_head(f"{path}?{parts.query}" if parts.query else path, parts.netloc, headers, accept))
        status_line = (await reader.readuntil(b"\n")).split()
        location = ""
        while (line := (await reader.readuntil(b"\n")).strip()) != b"":
            name, _, value = line.partition(b":")
            if name.lower() == b"location":
                location = value.strip().decode("latin-1")
        body = await reader.read(MOST_OUTPUT)
        return int(status_line[1]), location, body.decode("utf-8", "replace")
    finally:
        writer.transport.abort()


def _head(path: str, host: str, headers: Sequence[HTTPHeader], accept: str) -> bytes:
    sent = {"host": ("Host", host), "user-agent": ("User-Agent", USER_AGENT), "accept": ("Accept", accept)}
    for header in headers:
        sent[header.name.lower()] = (header.name, header.value)
    sent["connection"] = ("Connection", "close")
    lines = [f"{name}: {value}" for name, value in sent.values() if value or name != "Accept"]
    return "\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode()


def _unverified() -> ssl.SSLContext:
    """Probes look whether something answers, not who it is."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def call_grpc(action: GRPCAction, host: str, limit: float) -> Answer:
    """grpc.health.v1.Health/Check."""
    import grpc.aio

    target = _joined(host, action.port)
    name = action.service.encode()
    message = b"\x0a" + bytes((len(name),)) + name if name else b""
    async with grpc.aio.insecure_channel(target) as channel:
        check = channel.unary_unary("/grpc.health.v1.Health/Check")
        try:
            answer: bytes = await check(message, timeout=limit)
        except grpc.aio.AioRpcError as error:
            return failure(_grpc_words(target, str(error.code().name), error.details() or "", limit))
    if answer == b"\x08\x01":
        return Answer(outcome=Outcome.SUCCESS, output="service healthy")
    return failure('service unhealthy (responded with "NOT_SERVING")')


def _grpc_words(target: str, code: str, details: str, limit: float) -> str:
    match code:
        case "DEADLINE_EXCEEDED":
            return f'timeout: failed to connect service "{target}" within {limit:g}s: {details}'
        case "UNIMPLEMENTED":
            return f"error: this server does not implement the grpc health protocol: {details}"
    return f"error: health rpc probe failed: {code}: {details}"


def _joined(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
