"""Requests over a socket: who gets in, in which form an answer comes, and what a refusal looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from tests.apiserver.conftest import Web, configmap

from wherry.apiserver.render import PIECE

MAPS = "/api/v1/namespaces/default/configmaps"
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"
PARTIAL = "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io"
PARTIALS = "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io"


# who


async def test_without_credentials_one_is_nobody(web: Web) -> None:
    reply = await web.ask("GET", MAPS, user="nobody")
    assert reply.status == 401
    assert json.loads(reply.body) == {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": "Unauthorized",
        "reason": "Unauthorized",
        "code": 401,
    }


@pytest.mark.parametrize("token", ["Bearer wrong", "Bearer ", "bearer a.b.c", "Bearer ü.ü.ü"])
async def test_a_token_that_is_not_good_is_worse_than_none(web: Web, token: str) -> None:
    assert (await web.ask("GET", "/version", user="", Authorization=token)).status == 401


@pytest.mark.parametrize("path", ["/healthz", "/livez", "/readyz", "/version", "/readyz/ping"])
async def test_everybody_may_ask_how_it_is(web: Web, path: str) -> None:
    assert (await web.ask("GET", path, user="nobody")).status == 200


@pytest.mark.parametrize(
    ("method", "path", "message"),
    [
        (
            "GET",
            f"{MAPS}/a",
            'configmaps "a" is forbidden: User "jane" cannot get resource "configmaps" in API group "" '
            'in the namespace "default"',
        ),
        (
            "GET",
            "/apis/apps/v1/deployments",
            'deployments.apps is forbidden: User "jane" cannot list resource "deployments" in API group '
            '"apps" at the cluster scope',
        ),
        (
            "DELETE",
            "/api/v1/namespaces/default/pods/a",
            'pods "a" is forbidden: User "jane" cannot delete resource "pods" in API group "" in the '
            'namespace "default"',
        ),
        (
            "PATCH",
            "/api/v1/namespaces/default/pods/a/status",
            'pods "a" is forbidden: User "jane" cannot patch resource "pods/status" in API group "" in the '
            'namespace "default"',
        ),
        ("GET", "/metrics", 'forbidden: User "jane" cannot get path "/metrics"'),
    ],
)
async def test_a_refusal_says_who_may_not_do_what_where(
    web: Web, method: str, path: str, message: str
) -> None:
    reply = await web.ask(method, path, b"{}" if method == "PATCH" else None, user="jane")
    found = json.loads(reply.body)
    assert reply.status == 403
    assert (found["reason"], found["message"]) == ("Forbidden", message)


async def test_who_acts_as_another_may_do_what_the_other_may(web: Web) -> None:
    reply = await web.ask("GET", MAPS, Impersonate_User="joe")
    assert reply.status == 403
    assert 'User "joe" cannot list resource "configmaps"' in json.loads(reply.body)["message"]
    assert (
        await web.ask("GET", MAPS, Impersonate_User="x", Impersonate_Group="system:masters")
    ).status == 200


async def test_not_everybody_may_act_as_another(web: Web) -> None:
    reply = await web.ask("GET", MAPS, user="jane", Impersonate_User="admin")
    assert reply.status == 403
    assert json.loads(reply.body)["message"] == (
        'users "admin" is forbidden: User "jane" cannot impersonate resource "users" in API group "" '
        "at the cluster scope"
    )


# what is not there


async def test_an_object_that_is_not_there_is_named(web: Web) -> None:
    found = await web.tree("GET", f"{MAPS}/none")
    assert found["message"] == 'configmaps "none" not found'
    assert found["details"] == {"name": "none", "kind": "configmaps"}
    assert found["code"] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/apis/example.com/v1/widgets",
        "/api/v1/widgets",
        "/apis/apps/v9/deployments",
        f"{MAPS}/a/status",
    ],
)
async def test_a_resource_that_is_not_served_is_a_status(web: Web, path: str) -> None:
    found = await web.tree("GET", path)
    assert found["message"] == "the server could not find the requested resource"
    assert (found["reason"], found["code"]) == ("NotFound", 404)


@pytest.mark.parametrize(
    "path", ["/nowhere", "/apis/example.com", "/apis/example.com/v1", "/openapi/v3/apis/x/v1"]
)
async def test_any_other_path_is_plain_text(web: Web, path: str) -> None:
    reply = await web.ask("GET", path)
    assert (reply.status, reply.body) == (404, b"404 page not found\n")
    assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize(
    ("method", "path"), [("PATCH", MAPS), ("PUT", MAPS), ("POST", f"{MAPS}/a"), ("OPTIONS", MAPS)]
)
async def test_a_method_that_a_path_does_not_have_is_refused(web: Web, method: str, path: str) -> None:
    found = await web.tree(method, path, configmap("a"), Content_Type="application/merge-patch+json")
    assert (found["reason"], found["code"]) == ("MethodNotAllowed", 405)


# forms


async def test_an_object_comes_back_as_it_is_stored(web: Web) -> None:
    created = await web.ask("POST", MAPS, configmap("a", k="v"))
    assert created.status == 201
    reply = await web.ask("GET", f"{MAPS}/a")
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    assert reply.headers["cache-control"] == "no-cache, private"
    assert json.loads(reply.body) == json.loads(created.body)


async def test_people_get_refusals_in_lines(web: Web) -> None:
    reply = await web.ask("GET", f"{MAPS}/none", User_Agent="curl/8")
    assert reply.status == 404
    assert reply.body.startswith(b'{\n  "kind": "Status",\n')


@pytest.mark.parametrize("path", ["endpoints", "endpoints/kubernetes"])
async def test_what_is_deprecated_says_what_to_use(web: Web, path: str) -> None:
    await web.ask("POST", MAPS.replace("configmaps", "endpoints"), {"metadata": {"name": "kubernetes"}})
    reply = await web.ask("GET", MAPS.replace("configmaps", path))
    assert reply.status == 200
    assert reply.headers["warning"] == (
        '299 - "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"'
    )


async def test_head_is_get_without_its_body(web: Web) -> None:
    reply = await web.ask("HEAD", f"{MAPS}/none")
    assert (reply.status, reply.body) == (404, b"")


async def test_names_in_a_path_may_be_escaped(web: Web) -> None:
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles/system%3Adiscovery"
    assert (await web.tree("GET", path))["metadata"]["name"] == "system:discovery"


async def test_a_list_as_table_has_columns_and_cells(web: Web) -> None:
    await web.ask("POST", MAPS, configmap("a", k="v"))
    reply = await web.ask("GET", MAPS, Accept=f"{TABLE},application/json")
    found = json.loads(reply.body)
    assert reply.headers["content-type"] == TABLE
    assert (found["kind"], found["apiVersion"]) == ("Table", "meta.k8s.io/v1")
    assert [column["name"] for column in found["columnDefinitions"]] == ["Name", "Data", "Age"]
    row = found["rows"][0]
    assert row["cells"][:2] == ["a", 1]
    assert row["object"]["kind"] == "PartialObjectMetadata"
    assert "data" not in row["object"]


async def test_a_table_carries_the_objects_if_asked(web: Web) -> None:
    await web.ask("POST", MAPS, configmap("a", k="v"))
    whole = await web.tree("GET", f"{MAPS}?includeObject=Object", Accept=TABLE)
    assert whole["rows"][0]["object"]["data"] == {"k": "v"}
    none = await web.tree("GET", f"{MAPS}?includeObject=None", Accept=TABLE)
    assert "object" not in none["rows"][0]


async def test_metadata_alone_if_asked(web: Web) -> None:
    await web.ask("POST", MAPS, configmap("a", k="v"))
    one = await web.tree("GET", f"{MAPS}/a", Accept=PARTIAL)
    assert (one["kind"], one["metadata"]["name"], set(one)) == (
        "PartialObjectMetadata",
        "a",
        {"kind", "apiVersion", "metadata"},
    )
    many = await web.tree("GET", MAPS, Accept=PARTIALS)
    assert many["kind"] == "PartialObjectMetadataList"
    assert [set(item) for item in many["items"]] == [{"kind", "apiVersion", "metadata"}]


async def test_yaml_if_asked_and_taken(web: Web) -> None:
    text = yaml.safe_dump(configmap("a", k="v")).encode()
    reply = await web.ask("POST", MAPS, text, Content_Type="application/yaml", Accept="application/yaml")
    assert reply.status == 201
    assert reply.headers["content-type"] == "application/yaml"
    assert yaml.safe_load(reply.body)["data"] == {"k": "v"}


@pytest.mark.parametrize(
    ("agent", "query", "pretty"),
    [
        ("curl/8.0", "", True),
        ("Mozilla/5.0 (X11)", "", True),
        ("kubectl/v1.37", "", False),
        ("kubectl/v1.37", "?pretty=true", True),
        ("curl/8.0", "?pretty=false", False),
    ],
)
async def test_people_get_line_breaks(web: Web, agent: str, query: str, pretty: bool) -> None:
    await web.ask("POST", MAPS, configmap("a"))
    reply = await web.ask("GET", f"{MAPS}/a{query}", User_Agent=agent)
    assert reply.body.startswith(b'{\n  "kind"') is pretty


async def test_a_long_answer_is_compressed_for_those_who_can_read_it(web: Web) -> None:
    await web.ask("POST", MAPS, configmap("long", k="x" * 200_000))
    await web.ask("POST", MAPS, configmap("short", k="x" * 100))
    packed = await web.ask("GET", f"{MAPS}/long", Accept_Encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < 10_000
    plain = await web.ask("GET", f"{MAPS}/long")
    assert "content-encoding" not in plain.headers
    assert packed.body == plain.body, "our own client unpacks what it is sent"
    short = await web.ask("GET", f"{MAPS}/short", Accept_Encoding="gzip")
    assert "content-encoding" not in short.headers


@pytest.mark.parametrize("accept", ["application/json", PARTIALS])
@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_a_large_list_goes_out_in_chunks(web: Web, accept: str, encoding: str) -> None:
    for number in range(4):
        tree: dict[str, Any] = configmap(f"a{number}", k="x" * PIECE)
        tree["metadata"]["annotations"] = {"k": "y" * PIECE}
        await web.ask("POST", MAPS, tree)
    reply = await web.ask("GET", MAPS, Accept=accept, Accept_Encoding=encoding)
    assert reply.headers["transfer-encoding"] == "chunked"
    assert (reply.headers.get("content-encoding") == "gzip") is (encoding == "gzip")
    items = json.loads(reply.body)["items"]  # the client has unpacked it
    assert [item["metadata"]["name"] for item in items] == ["a0", "a1", "a2", "a3"]
    assert all(len(item["metadata"]["annotations"]["k"]) == PIECE for item in items)
    assert (await web.ask("HEAD", MAPS, Accept=accept)).body == b""
    assert (await web.tree("GET", f"{MAPS}/a0"))["metadata"]["name"] == "a0"


async def test_an_unknown_field_is_named_in_a_warning(web: Web) -> None:
    reply = await web.ask("POST", f"{MAPS}?fieldValidation=Warn", {**configmap("a"), "dta": {}, 'a"b': 1})
    assert reply.status == 201
    assert sorted(reply.headers.all("warning")) == [
        r'''299 - "unknown field \"a\"b\""''',
        r'''299 - "unknown field \"dta\""''',
    ]


# refusals of form


async def test_a_form_that_nobody_makes_is_not_acceptable(web: Web) -> None:
    found = await web.tree("GET", MAPS, Accept="image/png")
    assert (found["reason"], found["code"]) == ("NotAcceptable", 406)
    assert "application/json, application/yaml" in found["message"]


async def test_a_body_that_nobody_reads_is_unsupported(web: Web) -> None:
    found = await web.tree("POST", MAPS, b"<a/>", Content_Type="application/xml")
    assert (found["reason"], found["code"]) == ("UnsupportedMediaType", 415)
    patch = await web.tree("PATCH", f"{MAPS}/a", b"{}", Content_Type="application/json")
    assert patch["code"] == 415


async def test_a_body_that_is_too_long_is_not_read(web: Web) -> None:
    reply = await web.ask("POST", MAPS, b"x" * (3 * 1024 * 1024 + 1))
    assert reply.status == 413


@pytest.mark.parametrize("body", [b"{", b"[]", b"1", b"null", b'{"kind":"Pod","apiVersion":"v1"}', b"\xff"])
async def test_a_body_that_is_no_such_object_is_a_bad_request(web: Web, body: bytes) -> None:
    found = await web.tree("POST", MAPS, body)
    assert (found["reason"], found["code"]) == ("BadRequest", 400)


# watches


async def lines(web: Web, query: str, count: int, **headers: str) -> list[dict[str, Any]]:
    sent = [("Authorization", "Bearer admin-token"), *headers.items()]
    found: list[dict[str, Any]] = []
    rest = b""
    async with web.client.stream("GET", f"{MAPS}?watch=true&{query}", headers=sent) as reply:
        assert reply.status == 200
        while len(found) < count:
            rest += await reply.chunk()
            *whole, rest = rest.split(b"\n")
            found += map(json.loads, whole)
    return found


async def test_a_watch_is_a_line_an_event(web: Web) -> None:
    await web.ask("POST", MAPS, configmap("a"))
    made = await web.tree("POST", MAPS, configmap("b", k="1"))
    await web.ask("PATCH", f"{MAPS}/b", {"data": {"k": "2"}}, Content_Type="application/merge-patch+json")
    await web.ask("DELETE", f"{MAPS}/b")
    found = await lines(web, "resourceVersion=" + str(int(made["metadata"]["resourceVersion"]) - 1), 3)
    assert [event["type"] for event in found] == ["ADDED", "MODIFIED", "DELETED"]
    assert [event["object"]["data"]["k"] for event in found] == ["1", "2", "2"]
    assert all(event["object"]["kind"] == "ConfigMap" for event in found)


async def test_a_watch_with_initial_events_says_when_they_are_over(web: Web) -> None:
    await web.ask("POST", MAPS, configmap("a"))
    query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true"
    added, over = await lines(web, query, 2)
    assert added["object"]["metadata"]["name"] == "a"
    assert over["type"] == "BOOKMARK"
    assert over["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_a_watch_as_table_describes_its_columns_once(web: Web) -> None:
    for name in "ab":
        await web.ask("POST", MAPS, configmap(name))
    first, second = await lines(web, "", 2, Accept=TABLE)
    assert len(first["object"]["columnDefinitions"]) == 3
    assert not second["object"]["columnDefinitions"]
    assert [event["object"]["rows"][0]["cells"][0] for event in (first, second)] == ["a", "b"]


async def test_a_watch_from_a_revision_that_is_forgotten_is_told_so(web: Web) -> None:
    (event,) = await lines(web, "resourceVersion=1", 1)
    assert event["type"] == "ERROR"
    assert (event["object"]["reason"], event["object"]["code"]) == ("Expired", 410)


async def test_a_selector_that_makes_no_sense_is_refused_before_the_watch(web: Web) -> None:
    reply = await web.ask("GET", f"{MAPS}?watch=true&labelSelector=a%20in%20(")
    assert reply.status == 400
