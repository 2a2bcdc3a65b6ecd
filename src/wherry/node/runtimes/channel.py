"""Channel: gRPC over a unix socket, with messages of our own and failures in the interface's terms."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from functools import partial
from typing import Any, TypeVar

import grpc

from wherry.node.runtimes.interface import NotFound, RuntimeFailure, TimedOut, Unavailable, Unsupported
from wherry.node.runtimes.protobuf import Message, decode, encode

LARGEST_MESSAGE = 64 << 20  # bytes; a list of a thousand containers is about one MiB

OPTIONS = (
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    # Go servers refuse the default, an escaped path, as an authority.
    ("grpc.default_authority", "localhost"),
    # A runtime that restarts is back in a fraction of a second; the defaults wait up to two minutes.
    ("grpc.initial_reconnect_backoff_ms", 50),
    # How long an attempt to connect may take, in spite of its name.
    ("grpc.min_reconnect_backoff_ms", 5000),
    ("grpc.max_reconnect_backoff_ms", 1000),
)

FAILURES: dict[grpc.StatusCode, type[RuntimeFailure]] = {
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: TimedOut,
    grpc.StatusCode.UNIMPLEMENTED: Unsupported,
}

MessageT = TypeVar("MessageT", bound=Message)
Metadata = tuple[tuple[str, str], ...]


class Channel:
    """One connection to a runtime's socket; it reconnects by itself."""

    def __init__(self, socket: str, metadata: Metadata = ()) -> None:
        self.socket = socket
        self.metadata = metadata
        self._channel = grpc.aio.insecure_channel(f"unix:{socket}", options=OPTIONS)

    async def call(
        self,
        method: str,
        request: Message,
        answer: type[MessageT],
        *,
        within: float | None = None,
        metadata: Metadata = (),
    ) -> MessageT:
        """Ask `/service/Method`; `within` is the deadline in seconds."""
        ask = self._channel.unary_unary(
            method, request_serializer=encode, response_deserializer=partial(decode, answer)
        )
        try:
            result: MessageT = await ask(request, timeout=within, metadata=(*self.metadata, *metadata))
        except grpc.aio.AioRpcError as error:
            raise failure(method, error, self.socket) from None
        return result

    async def stream(
        self, method: str, request: Message, answer: type[MessageT]
    ) -> AsyncGenerator[MessageT, None]:
        """Ask once, hear many times."""
        ask = self._channel.unary_stream(
            method, request_serializer=encode, response_deserializer=partial(decode, answer)
        )
        async for item in self._answers(method, ask(request, metadata=self.metadata)):
            yield item

    async def send(
        self, method: str, requests: Iterable[Message], answer: type[MessageT], *, metadata: Metadata = ()
    ) -> list[MessageT]:
        """Send many messages, then collect the answers."""
        ask = self._channel.stream_stream(
            method, request_serializer=encode, response_deserializer=partial(decode, answer)
        )
        answering = ask(iter(requests), metadata=(*self.metadata, *metadata))
        return [item async for item in self._answers(method, answering)]

    async def _answers(self, method: str, answering: Any) -> AsyncIterator[Any]:
        try:
            async for item in answering:
                yield item
        except grpc.aio.AioRpcError as error:
            raise failure(method, error, self.socket) from None
        finally:
            answering.cancel()

    async def close(self) -> None:
        await self._channel.close()


def failure(method: str, error: grpc.aio.AioRpcError, socket: str) -> RuntimeFailure:
    """The interface's word for a gRPC error."""
    code, details = error.code(), error.details() or ""
    name = method.rpartition("/")[2]
    if code is grpc.StatusCode.UNAVAILABLE:
        return Unavailable(
            f"{name}: nobody answers on {socket}; is the container runtime running? ({details})"
        )
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return Unsupported(f"{name}: the container runtime on {socket} does not offer it")
    return FAILURES.get(code, RuntimeFailure)(f"{name}: {details}")
