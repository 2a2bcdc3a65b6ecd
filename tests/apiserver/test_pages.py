"""The paths that are no resources: health, version, keys."""

from __future__ import annotations

import json

import pytest
from tests.apiserver.conftest import Web


@pytest.mark.parametrize("kind", ["livez", "readyz", "healthz"])
async def test_health_is_two_letters_while_all_is_well(web: Web, kind: str) -> None:
    reply = await web.ask("GET", f"/{kind}", user="nobody")
    assert (reply.status, reply.body) == (200, b"ok")
    assert reply.headers["content-type"].startswith("text/plain")


async def test_verbose_health_is_a_line_a_check(web: Web) -> None:
    lines = (await web.ask("GET", "/readyz?verbose")).body.decode().splitlines()
    assert lines[0] == "[+]ping ok"
    assert "[+]etcd ok" in lines
    assert lines[-1] == "readyz check passed"
    assert lines[1:] != (await web.ask("GET", "/livez?verbose")).body.decode().splitlines()[1:]


async def test_a_check_can_be_asked_alone_or_left_out(web: Web) -> None:
    assert (await web.ask("GET", "/livez/ping")).body == b"ok"
    assert (await web.ask("GET", "/livez/none")).status == 404
    lines = (await web.ask("GET", "/readyz?verbose&exclude=etcd")).body.decode().splitlines()
    assert "[+]etcd excluded: ok" in lines


async def test_a_server_that_stops_is_live_and_not_ready(web: Web) -> None:
    web.server.stopping = True
    assert (await web.ask("GET", "/livez")).status == 200
    reply = await web.ask("GET", "/readyz")
    assert reply.status == 500
    assert "[-]shutdown failed: reason withheld" in reply.body.decode().splitlines()
    assert reply.body.decode().splitlines()[-1] == "readyz check failed"
    assert (await web.ask("GET", "/readyz?exclude=shutdown")).status == 200


async def test_a_server_that_does_not_follow_its_store_is_not_live(web: Web) -> None:
    assert web.server._follow is not None
    web.server._follow.cancel()
    reply = await web.ask("GET", "/livez?verbose")
    assert reply.status == 500
    assert "[-]etcd failed: reason withheld" in reply.body.decode()


async def test_version_is_kubernetes_and_ours(web: Web) -> None:
    found = await web.tree("GET", "/version", user="nobody")
    assert (found["major"], found["minor"]) == ("1", "37")
    assert found["gitVersion"] == "v1.37.0+wherry-0"


async def test_the_root_names_what_is_below_it(web: Web) -> None:
    paths = (await web.tree("GET", "/"))["paths"]
    assert paths == sorted(set(paths))
    for path in paths:
        assert (await web.ask("GET", path)).status == 200, path


async def test_others_can_check_our_tokens(web: Web) -> None:
    key = json.loads((await web.ask("GET", "/openid/v1/jwks")).body)["keys"][0]
    assert (key["kty"], key["alg"], key["crv"]) == ("EC", "ES256", "P-256")
    found = await web.tree("GET", "/.well-known/openid-configuration")
    assert found["issuer"] == web.server.settings.issuer
    assert found["jwks_uri"].startswith(found["issuer"])
