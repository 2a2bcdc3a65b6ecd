"""Log format: the lines that CRI runtimes write: `TIME STREAM TAGS CONTENT`.

The tag P stands for a line that the next one continues, F for a full one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

BLOCK = 64 * 1024


class Line(NamedTuple):
    """One line of a log file; `content` without the line's end where `partial`."""

    stamp: bytes
    stream: bytes
    partial: bool
    content: bytes


def parse(raw: bytes) -> Line | None:
    """One raw line with its newline; None if it is not in this format."""
    parts = raw.split(b" ", 3)
    if len(parts) != 4:
        return None
    stamp, stream, tags, content = parts
    partial = tags.split(b":")[0] == b"P"
    return Line(stamp, stream, partial, content[:-1] if partial and content.endswith(b"\n") else content)


def tail_offset(descriptor: int, lines: int) -> int:
    """Where the last `lines` whole lines of a file begin, read from its end. Lines in parts count as one."""
    end = os.fstat(descriptor).st_size
    if lines <= 0:
        return end
    found = 0
    later = b""
    at = end
    while at > 0:
        size = min(BLOCK, at)
        at -= size
        block = os.pread(descriptor, size, at) + later
        starts = list(_line_starts(block, begins_file=at == 0))
        for index in range(len(starts) - 1, -1, -1):
            start = starts[index]
            stop = starts[index + 1] if index + 1 < len(starts) else len(block)
            line = parse(block[start:stop])
            # A line is complete where its last part is: that is what is counted.
            if line is None or not line.partial:
                found += 1
                if found > lines:
                    return at + stop
        later = block[: starts[0]] if starts else block
    return 0


def _line_starts(block: bytes, *, begins_file: bool) -> Iterator[int]:
    """Beginnings of the lines in `block`; what stands before the first newline may be a line's end only."""
    if begins_file and block:
        yield 0
    at = block.find(b"\n")
    while 0 <= at < len(block) - 1:
        yield at + 1
        at = block.find(b"\n", at + 1)


def tail_text(path: str, lines: int) -> str:
    """The content of the last lines of a log file."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return ""
    try:
        start = tail_offset(descriptor, lines)
        data = os.pread(descriptor, os.fstat(descriptor).st_size - start, start)
    finally:
        os.close(descriptor)
    parsed = filter(None, map(parse, data.splitlines(keepends=True)))
    return b"".join(line.content for line in parsed).decode("utf-8", "replace")
