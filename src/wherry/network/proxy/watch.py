"""Watch: tells when somebody else changes a table of the packet filter, such as `nft flush ruleset`.

The kernel announces each transaction before the one who asked for it hears of its success. So what
is announced while we write is ours, and nothing of ours is announced later.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from collections.abc import Callable, Iterator
from types import TracebackType

NETLINK_NETFILTER = 12
SOL_NETLINK, ADD_MEMBERSHIP = 270, 1
NFTABLES_GROUP = 7  # NFNLGRP_NFTABLES
NFTABLES = 10  # NFNL_SUBSYS_NFTABLES
INET = 1  # NFPROTO_INET
NAME = 1  # the table's name is the first attribute of all messages about tables and what is in them
SO_RCVBUFFORCE = 33
BUFFER = 8 << 20  # bytes
RECEIVE = 1 << 16  # bytes


class Watch:
    """Calls `lost` when a table of family inet was changed by others. To be entered in a running loop."""

    def __init__(self, table: str, lost: Callable[[], None]) -> None:
        self._table = table.encode() + b"\0"
        self._lost = lost
        self._kernel: socket.socket | None = None

    def __enter__(self) -> Watch:
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        kernel = socket.socket(socket.AF_NETLINK, kind, NETLINK_NETFILTER)
        try:
            kernel.bind((0, 0))
            kernel.setsockopt(SOL_NETLINK, ADD_MEMBERSHIP, NFTABLES_GROUP)
            with contextlib.suppress(PermissionError):  # a smaller buffer only means a rewrite too many
                kernel.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, BUFFER)
        except OSError:
            kernel.close()
            raise
        self._kernel = kernel
        asyncio.get_running_loop().add_reader(kernel, self._read)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._kernel is not None:
            asyncio.get_running_loop().remove_reader(self._kernel)
            self._kernel.close()
            self._kernel = None

    @contextlib.contextmanager
    def ours(self) -> Iterator[None]:
        """What happens inside is our own doing."""
        if self._kernel is None:
            yield
            return
        self._read()
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._kernel)
        try:
            yield
        finally:
            for _ in self._messages():
                pass
            loop.add_reader(self._kernel, self._read)

    def _read(self) -> None:
        if any([data is None or self._concerns_us(data) for data in self._messages()]):
            self._lost()

    def _messages(self) -> Iterator[bytes | None]:
        """What is there to be read. None: some of it was lost."""
        while self._kernel is not None:
            try:
                yield self._kernel.recv(RECEIVE)
            except BlockingIOError:
                return
            except OSError:  # ENOBUFS
                yield None

    def _concerns_us(self, data: bytes) -> bool:
        while len(data) >= 28:
            length, kind = struct.unpack_from("=IH", data)
            size, attribute = struct.unpack_from("=HH", data, 20)
            about = data[24 : 20 + size]
            if kind >> 8 == NFTABLES and data[16] == INET and attribute == NAME and about == self._table:
                return True
            data = data[(length + 3) & ~3 :]
        return False
