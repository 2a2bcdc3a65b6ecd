"""Pages: the paths that are no resources: discovery, OpenAPI, version, health, keys."""

from __future__ import annotations

import platform
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from wherry.api.registry import all_resources
from wherry.apiserver.call import User
from wherry.apiserver.discovery import AGGREGATED, Discovery, Document
from wherry.apiserver.openapi import OpenApi
from wherry.apiserver.tokens import TokenIssuer
from wherry.wire.message import Request, Response, text
from wherry.wire.server import Answer

Page = Callable[[Request, User], Answer | Awaitable[Answer]]
Check = Callable[[], str]  # "" while all is well, else what is not
encode = msgspec.json.Encoder().encode

KUBERNETES = "1.37"
COMMON = (("Cache-Control", "no-cache, private"),)
FOREVER = (("Cache-Control", "public, immutable"),)
HEALTH = ("livez", "readyz", "healthz")


class Pages:
    def __init__(
        self, version: str, address: str, checks: Mapping[str, Check], tokens: TokenIssuer | None
    ) -> None:
        self.checks = checks
        self.tokens = tokens
        self.git_version = f"v{KUBERNETES}.0+wherry-{version}"
        self.discovery = Discovery(all_resources(), address)
        self.openapi = OpenApi(all_resources(), self.git_version)
        self._fixed: Mapping[str, Page] = {
            "/": self.root,
            "/version": self.version,
            "/openapi/v3": self.openapi_index,
            "/openid/v1/jwks": self.keys,
            "/.well-known/openid-configuration": self.openid,
            "/api": self.api,
            "/apis": self.api,
        }

    def find(self, path: str) -> Page | None:
        path = path.rstrip("/") or "/"
        page = self._fixed.get(path)
        if page is not None:
            return page
        first = path.split("/")[1]
        if first in HEALTH:
            return self.health
        if path.startswith("/openapi/v3/"):
            return self.openapi_document
        if first in ("api", "apis") and self.discovery.find(path) is not None:
            return self.older
        return None

    def root(self, request: Request, user: User) -> Answer:
        groups = [f"/apis/{group}" for group in self.discovery.groups if group]
        versions = [f"/apis/{r.group}/{r.version}" for r in self.discovery.resources if r.group]
        paths = ["/api", "/api/v1", "/apis", *groups, *dict.fromkeys(versions), *self._fixed]
        paths += [f"/{name}" for name in HEALTH]
        return _json({"paths": sorted(set(paths) - {"/"})})

    def version(self, request: Request, user: User) -> Answer:
        major, minor = KUBERNETES.split(".")
        return _json(
            {
                "major": major,
                "minor": minor,
                "emulationMajor": major,
                "emulationMinor": minor,
                "minCompatibilityMajor": major,
                "minCompatibilityMinor": str(int(minor) - 1),
                "gitVersion": self.git_version,
                "gitCommit": "",
                "gitTreeState": "clean",
                "buildDate": "1970-01-01T00:00:00Z",
                "goVersion": f"python{platform.python_version()}",
                "compiler": platform.python_implementation().lower(),
                "platform": f"linux/{'arm64' if platform.machine() == 'aarch64' else 'amd64'}",
            }
        )

    def api(self, request: Request, user: User) -> Answer:
        if "as=APIGroupDiscoveryList" in request.headers.get("accept"):
            document = self.discovery.aggregated(core=request.path.rstrip("/") == "/api")
            return _tagged(request, document, AGGREGATED)
        return self.older(request, user)

    def older(self, request: Request, user: User) -> Answer:
        document = self.discovery.find(request.path)
        assert document is not None, "found when the path was looked up"
        return _tagged(request, document, "application/json")

    def openapi_index(self, request: Request, user: User) -> Answer:
        return Response(200, self.openapi.index(), "application/json", COMMON)

    def openapi_document(self, request: Request, user: User) -> Answer:
        path = request.path.removeprefix("/openapi/v3/")
        document = self.openapi.document(path)
        if document is None:
            return text(404, "404 page not found\n")
        etag = f'"{self.openapi.hash(path)}"'
        headers = [("ETag", etag), ("Vary", "Accept"), *(FOREVER if "hash" in request.query else COMMON)]
        return Response(200, document, "application/json", headers)

    def keys(self, request: Request, user: User) -> Answer:
        if self.tokens is None:
            return text(404, "404 page not found\n")
        return Response(200, encode(self.tokens.jwks()), "application/jwk-set+json", COMMON)

    def openid(self, request: Request, user: User) -> Answer:
        if self.tokens is None:
            return text(404, "404 page not found\n")
        return _json(
            {
                "issuer": self.tokens.issuer,
                "jwks_uri": f"{self.tokens.issuer}/openid/v1/jwks",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["ES256"],
            }
        )

    def health(self, request: Request, user: User) -> Answer:
        """`/livez`, `/readyz`, and single checks below them. Live asks less than ready does."""
        _, kind, *rest = request.path.rstrip("/").split("/")
        names = [
            name for name in self.checks if kind == "readyz" or name not in ("informer-sync", "shutdown")
        ]
        if rest:
            if rest[0] not in names:
                return text(404, "404 page not found\n")
            names = [rest[0]]
        excluded = set(request.query.all("exclude"))
        failed = {name: why for name in names if name not in excluded and (why := self.checks[name]())}
        if not failed and "verbose" not in request.query:
            return text(200, "ok", COMMON)
        lines = []
        for name in names:
            if name in excluded:
                lines.append(f"[+]{name} excluded: ok")
            else:
                lines.append(f"[-]{name} failed: reason withheld" if name in failed else f"[+]{name} ok")
        lines.append(f"{kind} check {'failed' if failed else 'passed'}")
        return text(500 if failed else 200, "\n".join(lines) + "\n", COMMON)


def _json(tree: object) -> Response:
    return Response(200, encode(tree), "application/json", COMMON)


def _tagged(request: Request, document: Document, content_type: str) -> Response:
    headers = [("ETag", document.etag), ("Vary", "Accept"), ("Cache-Control", "public")]
    if request.headers.get("if-none-match") == document.etag:
        return Response(304, b"", content_type, headers)
    return Response(200, document.body, content_type, headers)
