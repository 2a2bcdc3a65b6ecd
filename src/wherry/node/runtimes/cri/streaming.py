"""CRI streaming: exec and attach over the URL that a runtime's streaming server gives, in SPDY/3.1.

SPDY rather than WebSocket, because runtimes speak at most `v4.channel.k8s.io` in the latter, where the
end of stdin cannot be said. One SPDY stream for each of error, stdin, stdout, stderr and resize.
"""

from __future__ import annotations

import contextlib
from typing import Any
from urllib.parse import urlsplit

import msgspec

from wherry.node.runtimes.interface import RuntimeFailure, Unavailable
from wherry.wire.client import HttpClient, Unreachable, UpgradeRefused
from wherry.wire.spdy_session import SpdySession, SpdyStream

PROTOCOL = "v4.channel.k8s.io"


class StreamingSession:
    """A Session over one SPDY connection. See interface.Session for the contract."""

    def __init__(self, spdy: SpdySession) -> None:
        self._spdy = spdy
        self._streams: dict[str, SpdyStream] = {}

    async def begin(self, *, tty: bool, stdin: bool) -> None:
        await self._spdy.__aenter__()
        names = ["error", *(["stdin"] if stdin else []), "stdout", "resize" if tty else "stderr"]
        for name in names:
            self._streams[name] = await self._spdy.open({"streamType": name})

    async def write(self, data: bytes) -> None:
        if stream := self._streams.get("stdin"):
            with contextlib.suppress(ConnectionError):
                await stream.send(data)

    async def close_stdin(self) -> None:
        if stream := self._streams.pop("stdin", None):
            stream.finish()

    async def read_stdout(self) -> bytes:
        return await self._read("stdout")

    async def read_stderr(self) -> bytes:
        return await self._read("stderr")

    async def resize(self, width: int, height: int) -> None:
        if stream := self._streams.get("resize"):
            with contextlib.suppress(ConnectionError):
                await stream.send(msgspec.json.encode({"Width": width, "Height": height}))

    async def wait(self) -> int:
        status = b""
        while data := await self._read("error"):
            status += data
        return exit_code(status)

    async def close(self) -> None:
        await self._spdy.__aexit__(None, None, None)

    async def _read(self, name: str) -> bytes:
        """What came next on that stream; a broken connection is the end, as far as output goes."""
        stream = self._streams.get(name)
        if stream is None:
            return b""
        try:
            return await stream.read()
        except ConnectionError:
            return b""


async def connect(url: str, *, tty: bool, stdin: bool) -> StreamingSession:
    """A session with the process behind that URL; the protocol's error stream ends it."""
    parts = urlsplit(url)
    client = HttpClient(f"{parts.scheme}://{parts.netloc}")
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    offer = (("X-Stream-Protocol-Version", PROTOCOL),)
    try:
        duplex, _ = await client.upgrade("POST", path, "SPDY/3.1", headers=offer)
    except Unreachable as error:
        raise Unavailable(f"the runtime's streaming server: {error}") from error
    except UpgradeRefused as error:
        raise RuntimeFailure(f"the runtime's streaming server: {error}") from error
    session = StreamingSession(SpdySession(duplex, client=True))
    await session.begin(tty=tty, stdin=stdin)
    return session


def exit_code(status: bytes) -> int:
    """What the error stream's Status object says; nothing there means success."""
    tree: dict[str, Any] = msgspec.json.decode(status) if status else {}
    if tree.get("status", "Success") == "Success":
        return 0
    for cause in (tree.get("details") or {}).get("causes") or ():
        if cause.get("reason") == "ExitCode":
            return int(cause["message"])
    raise RuntimeFailure(tree.get("message") or "the runtime ended the session without a reason")
