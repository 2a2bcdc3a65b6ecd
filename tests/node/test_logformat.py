"""Log format: lines in parts are one line, and the end of a file is found from its end."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wherry.node.logformat import Line, parse, tail_offset, tail_text

STAMP = b"2026-01-01T00:00:00Z"


def test_a_line_is_taken_apart() -> None:
    assert parse(STAMP + b" stdout F hello world\n") == Line(STAMP, b"stdout", False, b"hello world\n")
    assert parse(STAMP + b" stderr P:x part\n") == Line(STAMP, b"stderr", True, b"part")
    assert parse(b"nonsense\n") is None


lines = st.lists(st.tuples(st.booleans(), st.binary(max_size=40).map(lambda b: b.replace(b"\n", b""))))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(lines, st.integers(0, 6), st.sampled_from([7, 64, 65536]))
def test_the_tail_is_what_counting_from_the_start_finds(
    tmp_path: Path, parts: list[tuple[bool, bytes]], wanted: int, block: int
) -> None:
    raws = [STAMP + b" stdout " + (b"P " if more else b"F ") + text + b"\n" for more, text in parts]
    path = tmp_path / "log"
    path.write_bytes(b"".join(raws))
    ends = [index for index, (more, _) in enumerate(parts) if not more]
    start = ends[-wanted - 1] + 1 if wanted and len(ends) > wanted else 0
    expected = b"".join(raws[start:]) if wanted else b""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        import wherry.node.logformat as module

        original, module.BLOCK = module.BLOCK, block
        try:
            offset = tail_offset(descriptor, wanted)
        finally:
            module.BLOCK = original
    finally:
        os.close(descriptor)
    assert path.read_bytes()[offset:] == expected


def test_the_tail_as_text(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(b"".join(STAMP + b" stdout F %d\n" % n for n in range(200)))
    assert tail_text(str(path), 2) == "198\n199\n"
    assert tail_text(str(tmp_path / "absent"), 2) == ""
