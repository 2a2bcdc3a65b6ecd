"""Lists as bytes: whole, and bit by bit."""

from __future__ import annotations

import json

import pytest
from tests.apiserver.conftest import Driver, configmap

from wherry.apiserver import render
from wherry.apiserver.media import Form


@pytest.mark.parametrize("size", [0, 1, 100, render.PIECE // 2, render.PIECE, 2 * render.PIECE])
@pytest.mark.parametrize("count", [0, 1, 2, 5])
async def test_pieces_are_the_whole(api: Driver, size: int, count: int) -> None:
    for number in range(count):
        await api.create("configmaps", configmap(f"a{number}", k="x" * size))
    found = await api.list("configmaps")
    pieces = list(render.pieces(found, Form(), api.api.clock))
    assert all(pieces)
    assert b"".join(pieces) == render.listing(found, Form(), api.api.clock)
    tree = json.loads(b"".join(pieces))
    assert [item["metadata"]["name"] for item in tree["items"]] == [f"a{n}" for n in range(count)]
    assert tree["metadata"] == {"resourceVersion": str(found.revision)}
    if size >= render.PIECE:
        assert len(pieces) == count + 1
