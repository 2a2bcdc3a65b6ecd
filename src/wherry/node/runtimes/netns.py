"""Network namespaces: sockets that live in a pod's network, made without leaving the node's."""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import threading
from concurrent.futures import Future

from wherry.node.runtimes.interface import RuntimeFailure

CLONE_NEWNET = 0x40000000
LOCALHOST = ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))

_libc = ctypes.CDLL(None, use_errno=True)


async def connect(netns: str, port: int) -> socket.socket:
    """A non-blocking connection to `port` on the namespace's localhost; "" is the node's own.

    IPv4 is tried first; ConnectionError tells that nobody listens on either.
    """
    loop = asyncio.get_running_loop()
    refused: OSError = ConnectionRefusedError(f"port {port} is not open")
    for family, address in LOCALHOST:
        connection = await open_socket(netns, family)
        try:
            await loop.sock_connect(connection, (address, port))
        except OSError as error:
            connection.close()
            refused = refused if family == socket.AF_INET6 else error
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise ConnectionRefusedError(refused.errno, f"nobody listens on localhost:{port} in the pod") from refused


async def open_socket(netns: str, family: int, kind: int = socket.SOCK_STREAM) -> socket.socket:
    """A non-blocking socket of that namespace: a socket stays where it was made.

    The namespace belongs to a thread, so a thread of its own enters it, and ends there.
    """
    if not netns:
        return _non_blocking(family, kind)
    result: Future[socket.socket] = Future()
    threading.Thread(target=_open_inside, args=(netns, family, kind, result), name="netns").start()
    return await asyncio.wrap_future(result)


def _open_inside(netns: str, family: int, kind: int, result: Future[socket.socket]) -> None:
    try:
        enter(netns)
        result.set_result(_non_blocking(family, kind))
    except BaseException as error:
        result.set_exception(error)


def enter(netns: str) -> None:
    """Move the calling thread into the namespace behind that path, for good."""
    try:
        descriptor = os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise RuntimeFailure(f"the pod's network namespace {netns} cannot be opened: {error}") from None
    try:
        if _libc.setns(descriptor, CLONE_NEWNET) != 0:
            reason = os.strerror(ctypes.get_errno())
            raise RuntimeFailure(f"the network namespace {netns} cannot be entered: {reason}; it needs root")
    finally:
        os.close(descriptor)


def _non_blocking(family: int, kind: int) -> socket.socket:
    made = socket.socket(family, kind)
    made.setblocking(False)
    return made
