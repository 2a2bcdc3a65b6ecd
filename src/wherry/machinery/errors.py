"""The API's error tree: every failure a client can see is one of these.

    StatusError
    ├── BadRequest             400
    ├── Unauthorized           401
    ├── Forbidden              403
    ├── NotFound               404
    ├── MethodNotAllowed       405
    ├── NotAcceptable          406
    ├── AlreadyExists          409
    ├── Conflict               409   somebody else wrote first
    ├── Gone                   410   the thing asked for is there no more
    ├── Expired                410   the revision asked for was compacted
    ├── RequestEntityTooLarge  413
    ├── UnsupportedMediaType   415
    ├── Invalid                422   one FieldError per bad field
    ├── TooManyRequests        429
    ├── InternalError          500
    ├── ServiceUnavailable     503
    └── Timeout                504

Reasons, codes and the shape of the Status object: API conventions, "Response status kind".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, ClassVar

import msgspec

UNSET = object()


class ErrorType(Enum):
    """What is wrong with a field: the cause's reason on the wire, and its words."""

    Required = ("FieldValueRequired", "Required value")
    Invalid = ("FieldValueInvalid", "Invalid value")
    NotSupported = ("FieldValueNotSupported", "Unsupported value")
    Duplicate = ("FieldValueDuplicate", "Duplicate value")
    NotFound = ("FieldValueNotFound", "Not found")
    Forbidden = ("FieldValueForbidden", "Forbidden")
    TooLong = ("FieldValueTooLong", "Too long")
    TooMany = ("FieldValueTooMany", "Too many")
    TypeInvalid = ("FieldValueTypeInvalid", "Invalid value")
    Internal = ("InternalError", "Internal error")

    @property
    def reason(self) -> str:
        return self.value[0]

    @property
    def words(self) -> str:
        return self.value[1]


# These say what is missing or refused, not what stands there.
_WITHOUT_VALUE = {ErrorType.Required, ErrorType.Forbidden, ErrorType.TooLong, ErrorType.Internal}


@dataclass(frozen=True, slots=True)
class FieldError:
    """One bad field: its path (`spec.ports[0].port`), what is wrong, why, and the value found there."""

    field: str
    detail: str = ""
    value: Any = UNSET
    type: ErrorType = ErrorType.Invalid

    @property
    def message(self) -> str:
        """The cause's message, without the path: `Invalid value: 0: must be between 1 and 65535`."""
        text = self.type.words
        if self.value is not UNSET and self.type not in _WITHOUT_VALUE:
            text += f": {rendered(self.value)}"
        return f"{text}: {self.detail}" if self.detail else text

    def __str__(self) -> str:
        return f"{self.field}: {self.message}"


def rendered(value: Any) -> str:
    """A bad value as upstream prints it: strings quoted, numbers plain, the rest as JSON."""
    return msgspec.json.encode(value).decode()


def required(field: str, detail: str = "") -> FieldError:
    return FieldError(field, detail, type=ErrorType.Required)


def invalid(field: str, value: Any, detail: str) -> FieldError:
    return FieldError(field, detail, value)


def forbidden(field: str, detail: str) -> FieldError:
    return FieldError(field, detail, type=ErrorType.Forbidden)


def duplicate(field: str, value: Any) -> FieldError:
    return FieldError(field, "", value, ErrorType.Duplicate)


def not_supported(field: str, value: Any, supported: Iterable[str]) -> FieldError:
    names = ", ".join(f'"{name}"' for name in supported)
    return FieldError(field, f"supported values: {names}", value, ErrorType.NotSupported)


@dataclass(frozen=True, slots=True)
class Cause:
    """One entry of `Status.details.causes`."""

    reason: str
    message: str
    field: str = ""

    def tree(self) -> dict[str, str]:
        pairs = {"reason": self.reason, "message": self.message, "field": self.field}
        return {key: value for key, value in pairs.items() if value}


class StatusError(Exception):
    """A failure that goes to the client as a Status object."""

    reason: ClassVar[str] = "Unknown"
    code: ClassVar[int] = 500

    def __init__(
        self,
        message: str,
        causes: Sequence[Cause] = (),
        *,
        details: Mapping[str, Any] | None = None,
        retry_after: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.causes = tuple(causes)
        self.details = dict(details or {})
        self.retry_after = retry_after

    def status(self) -> dict[str, Any]:
        """The Status object, as a JSON tree."""
        details: dict[str, Any] = {key: value for key, value in self.details.items() if value}
        if self.causes:
            details["causes"] = [cause.tree() for cause in self.causes]
        if self.retry_after is not None:
            details["retryAfterSeconds"] = self.retry_after
        tree: dict[str, Any] = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
        }
        if details:
            tree["details"] = details
        tree["code"] = self.code
        return tree


class BadRequest(StatusError):
    reason, code = "BadRequest", 400


class Unauthorized(StatusError):
    reason, code = "Unauthorized", 401


class Forbidden(StatusError):
    reason, code = "Forbidden", 403


class NotFound(StatusError):
    reason, code = "NotFound", 404


class MethodNotAllowed(StatusError):
    reason, code = "MethodNotAllowed", 405


class NotAcceptable(StatusError):
    reason, code = "NotAcceptable", 406


class AlreadyExists(StatusError):
    reason, code = "AlreadyExists", 409


class Conflict(StatusError):
    reason, code = "Conflict", 409


class Gone(StatusError):
    reason, code = "Gone", 410


class Expired(StatusError):
    reason, code = "Expired", 410


class RequestEntityTooLarge(StatusError):
    reason, code = "RequestEntityTooLarge", 413


class UnsupportedMediaType(StatusError):
    reason, code = "UnsupportedMediaType", 415


class Invalid(StatusError):
    reason, code = "Invalid", 422


class TooManyRequests(StatusError):
    reason, code = "TooManyRequests", 429


class InternalError(StatusError):
    reason, code = "InternalError", 500


class ServerTimeout(StatusError):
    reason, code = "ServerTimeout", 500


class ServiceUnavailable(StatusError):
    reason, code = "ServiceUnavailable", 503


class Timeout(StatusError):
    reason, code = "Timeout", 504


BY_REASON: Mapping[str, type[StatusError]] = {kind.reason: kind for kind in StatusError.__subclasses__()}


def from_status(tree: Mapping[str, Any]) -> StatusError:
    """The error that a Status object stands for: what a client raises when a server answers with one."""
    details = dict(tree.get("details") or {})
    causes = tuple(
        Cause(cause.get("reason", ""), cause.get("message", ""), cause.get("field", ""))
        for cause in details.pop("causes", None) or ()
    )
    retry_after = details.pop("retryAfterSeconds", None)
    kind = BY_REASON.get(tree.get("reason", ""))
    if kind is None:
        code = int(tree.get("code") or 500)
        kind = next((k for k in BY_REASON.values() if k.code == code), InternalError)
    return kind(tree.get("message", ""), causes, details=details, retry_after=retry_after)


def not_found(resource: str, name: str, group: str = "") -> NotFound:
    """`deployments.apps "web" not found`."""
    full = f"{resource}.{group}" if group else resource
    return NotFound(f'{full} "{name}" not found', details={"name": name, "group": group, "kind": resource})


def already_exists(resource: str, name: str, group: str = "") -> AlreadyExists:
    full = f"{resource}.{group}" if group else resource
    return AlreadyExists(
        f'{full} "{name}" already exists', details={"name": name, "group": group, "kind": resource}
    )


CHANGED = "the object has been modified; please apply your changes to the latest version and try again"


def conflict(resource: str, name: str, group: str = "", why: str = CHANGED) -> Conflict:
    full = f"{resource}.{group}" if group else resource
    return Conflict(
        f'Operation cannot be fulfilled on {full} "{name}": {why}',
        details={"name": name, "group": group, "kind": resource},
    )


def invalid_object(kind: str, name: str, errors: Sequence[FieldError], group: str = "") -> Invalid:
    """One 422 for all bad fields of an object; equal sentences are said once, causes are all kept."""
    sentences = list(dict.fromkeys(str(error) for error in errors))
    said = sentences[0] if len(sentences) == 1 else f"[{', '.join(sentences)}]"
    full = f"{kind}.{group}" if group else kind
    return Invalid(
        f'{full} "{name}" is invalid: {said}',
        [Cause(error.type.reason, error.message, error.field) for error in errors],
        details={"name": name, "group": group, "kind": kind},
    )
