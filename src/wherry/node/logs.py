"""Logs: keeps containers' log files from growing without bound: rotated when large, the oldest removed."""

from __future__ import annotations

import asyncio
import gzip
import logging
import os
import shutil
from pathlib import Path

from wherry.node.runtimes.interface import ContainerState, RuntimeFailure
from wherry.node.tools import Tools

log = logging.getLogger(__name__)

CHECKED_EVERY = 10.0  # seconds


async def rotate_for_ever(tools: Tools) -> None:
    while True:
        await asyncio.sleep(CHECKED_EVERY)
        await rotate_all(tools)


async def rotate_all(tools: Tools) -> None:
    """Rotate the logs of running containers that have grown too large."""
    for view in list(tools.observer.pods.values()):
        for run, path in list(view.logs.items()):
            known = view.runs.get(run)
            if known is None or known.state is not ContainerState.RUNNING or not path:
                continue
            if _size(path) > tools.config.container_log_size:
                await _rotate(tools, run, Path(path))


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


async def _rotate(tools: Tools, run: str, path: Path) -> None:
    rotated = path.with_name(f"{path.name}.{tools.clock.now():%Y%m%d-%H%M%S}")
    os.rename(path, rotated)
    try:
        await tools.runtime.reopen_log(run)
    except RuntimeFailure as error:
        os.rename(rotated, path)  # the container still writes there
        log.warning("A container's log could not be rotated.", extra={"run": run, "error": str(error)})
        return
    await asyncio.to_thread(tidy, path, tools.config.container_log_files)


def tidy(path: Path, files: int) -> None:
    """Compress all rotated files but the newest, whose end may still be read, and remove the oldest."""
    rotated = sorted(each for each in path.parent.glob(f"{path.name}.*") if not each.name.endswith(".tmp"))
    for old in rotated[: max(len(rotated) - (files - 1), 0)]:
        old.unlink()
    for old in rotated[max(len(rotated) - (files - 1), 0) : -1]:
        if old.suffix != ".gz":
            _compress(old)


def _compress(path: Path) -> None:
    packed = path.with_name(f"{path.name}.tmp")
    with path.open("rb") as source, gzip.open(packed, "wb") as target:
        shutil.copyfileobj(source, target)
    packed.rename(path.with_name(f"{path.name}.gz"))
    path.unlink()
