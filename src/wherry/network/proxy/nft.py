"""nft: scripts carried out by nftables' own tool, each as one transaction of the kernel.

A process for each script: libnftables inside ours would be some milliseconds quicker, but it answers
some input with abort(), and which one differs from version to version.
"""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from typing import Any

SYSTEM_FOLDERS = "/usr/sbin:/sbin:/usr/local/sbin:/usr/bin:/bin"


class NftError(Exception):
    """The kernel did not take a script. Nothing of it was carried out."""


class NftMissing(NftError):
    """There is no way to the kernel's packet filter at all: trying again does not help."""


class Nft:
    """The packet filter of the network namespace in which this process runs."""

    def __init__(self, *, enter: tuple[str, ...] = ()) -> None:
        """`enter`: a command that runs another one elsewhere, such as `nsenter --net=PATH`."""
        self._enter = enter

    async def run(self, script: str) -> None:
        """Carry out all of `script` or, with NftError, nothing."""
        await self._call(("-f", "-"), script)

    async def list(self, *what: str) -> tuple[dict[str, Any], ...]:
        """What `nft -j list WHAT` tells, such as `chains inet`: one object each, {"chain": {...}}."""
        output = await self._call(("-j", "list", *what), "")
        return tuple(json.loads(output)["nftables"]) if output.strip() else ()

    async def _call(self, arguments: tuple[str, ...], script: str) -> str:
        command = (*self._enter, _tool(), *arguments)
        try:
            # Without a script nft reads nothing, and may be gone before anything could be written to it.
            source = PIPE if script else DEVNULL
            process = await asyncio.create_subprocess_exec(*command, stdin=source, stdout=PIPE, stderr=PIPE)
        except OSError as error:
            raise NftError(f"{command[0]} could not be started: {error.strerror}") from None
        talk = asyncio.ensure_future(process.communicate(script.encode() or None))
        try:
            output, errors = await asyncio.shield(talk)
        except asyncio.CancelledError:
            await talk  # half a script must not be carried out
            raise
        if process.returncode != 0:
            raise _error(errors.decode(errors="replace"), process.returncode)
        return output.decode()

    async def chains(self, table: str) -> tuple[str, ...]:
        """The chains of a table; none if there is no such table."""
        found = [each["chain"] for each in await self.list("chains", "inet") if "chain" in each]
        return tuple(each["name"] for each in found if each["table"] == table)


def _tool() -> str:
    found = shutil.which("nft") or shutil.which("nft", path=SYSTEM_FOLDERS)
    if found is None:
        raise NftMissing("the tool nft was not found; install the package nftables")
    return found


ADVICE = (
    ("Operation not permitted", "it needs root (CAP_NET_ADMIN)"),
    ("Operation not supported", "this kernel lacks a part of nf_tables; it needs 5.9 or later with nft_nat"),
    ("Protocol error", "this kernel has no nf_tables"),
)


def _error(text: str, code: int | None) -> NftError:
    lines = text.strip().splitlines() or [f"nft ended with {code} and said nothing"]
    first = next((line for line in lines if "Error:" in line), lines[0])
    for symptom, advice in ADVICE:
        if symptom in text:
            return NftMissing(f"packet filter rules could not be set: {first}; {advice}")
    return NftError(f"packet filter rules could not be set: {first}")
