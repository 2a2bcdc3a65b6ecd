"""Media: in which form a client wants its answer, and how long that form is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from wherry.machinery.errors import NotAcceptable

JSON = "application/json"
YAML = "application/yaml"
PROTOBUF = "application/vnd.kubernetes.protobuf"
ACCEPTED = f"only the following media types are accepted: {JSON}, {YAML}, {PROTOBUF}"
META_GROUP = "meta.k8s.io"
VIEWS = {
    "Table": "table",
    "PartialObjectMetadata": "metadata",
    "PartialObjectMetadataList": "metadata",
}


@dataclass(frozen=True, slots=True)
class Form:
    """`encoding`: json, yaml or protobuf. `view`: the object itself, its metadata, or a table row."""

    encoding: str = "json"
    view: str = "object"
    stream: bool = False
    pretty: bool = False

    @property
    def content_type(self) -> str:
        base = {"json": JSON, "yaml": YAML, "protobuf": PROTOBUF}[self.encoding]
        if self.encoding == "protobuf" and self.stream:
            return f"{base};stream=watch"
        if self.view == "table":
            return f"{base};as=Table;v=v1;g={META_GROUP}"
        return base


PLAIN = Form()
_ENCODINGS = {JSON: "json", YAML: "yaml", PROTOBUF: "protobuf"}
_WILDCARDS = {"*/*": "json", "application/*": "json"}


@lru_cache(512)
def negotiate(accept: str, *, watch: bool = False, protobuf: bool = True) -> Form:
    """The form of an Accept header that costs least to make. NotAcceptable where there is none.

    Objects are kept as JSON: a client that takes both is sent that, whichever it names first. `protobuf`:
    whether the resource has a protobuf form of its own.
    """
    if not accept:
        return Form(stream=watch)
    forms = _forms(accept, watch, protobuf)
    if not forms:
        raise NotAcceptable(ACCEPTED)
    first = forms[0]
    return next((form for form in forms if form.encoding == "json" and form.view == first.view), first)


def _forms(accept: str, watch: bool, protobuf: bool) -> list[Form]:
    found = []
    for item in accept.split(","):
        base, *parameters = (part.strip() for part in item.split(";"))
        encoding = _ENCODINGS.get(base) or _WILDCARDS.get(base)
        if encoding is None:
            continue
        options = dict(part.partition("=")[::2] for part in parameters)
        view = "object"
        if kind := options.get("as", ""):
            if (
                kind not in VIEWS
                or options.get("g") != META_GROUP
                or options.get("v") not in ("v1", "v1beta1")
            ):
                continue
            view = VIEWS[kind]
        if encoding == "protobuf" and (view == "table" or (view == "object" and not protobuf)):
            continue  # a Table's cells have no types of their own, and so no protobuf form
        found.append(Form(encoding, view, watch))
    return found
