"""Names: what names, labels and keys may look like. A check returns what is wrong, in upstream's words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import lru_cache

Check = Callable[[str], list[str]]

LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
SUBDOMAIN = rf"{LABEL}(\.{LABEL})*"
LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_UNDERSCORE_LABEL = "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?"
UNDERSCORE_SUBDOMAIN = rf"{_UNDERSCORE_LABEL}(\.{_UNDERSCORE_LABEL})*"
WILDCARD = rf"\*\.{SUBDOMAIN}"
NAME_PART = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
LABEL_VALUE = f"({NAME_PART})?"
CONFIG_KEY = "[-._a-zA-Z0-9]+"
HEADER = "[-A-Za-z0-9]+"
HTTP_PATH = r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
C_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"

LONGEST_LABEL = 63
LONGEST_SUBDOMAIN = 253
SAFE_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"  # for generated names: no vowels, so that no words come about
LONGEST_GENERATED_BASE = 58  # leaves room for five random characters
STANDARD_FINALIZERS = frozenset({"kubernetes", "orphan", "foregroundDeletion"})

EMPTY = "must be non-empty"
_ENDS = "and must start and end with an alphanumeric character"


def regex_error(message: str, pattern: str, *examples: str) -> str:
    """A sentence about a pattern, with examples, as upstream words it."""
    if not examples:
        return f"{message} (regex used for validation is '{pattern}')"
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{message} (e.g. {shown}regex used for validation is '{pattern}')"


def range_error(low: int, high: int) -> str:
    return f"must be between {low} and {high}, inclusive"


def too_long(limit: int, unit: str = "characters") -> str:
    return f"must be no more than {limit} {unit}"


_LABEL_ERROR = regex_error(
    f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {_ENDS}",
    LABEL,
    "my-name",
    "123-abc",
)
_SUBDOMAIN_ERROR = regex_error(
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', {_ENDS}",
    SUBDOMAIN,
    "example.com",
)
_UNDERSCORE_ERROR = regex_error(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, "
    f"'_', '-' or '.', {_ENDS}",
    UNDERSCORE_SUBDOMAIN,
    "example.com",
)
_LABEL_1035_ERROR = regex_error(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', "
    "start with an alphabetic character, and end with an alphanumeric character",
    LABEL_1035,
    "my-name",
    "abc-123",
)
_WILDCARD_ERROR = regex_error(
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must "
    "consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    WILDCARD,
    "*.example.com",
)
_NAME_PART_ERROR = regex_error(
    f"must consist of alphanumeric characters, '-', '_' or '.', {_ENDS}",
    NAME_PART,
    "MyName",
    "my.name",
    "123-abc",
)
_LABEL_KEY_ERROR = (
    f"a valid label key {_NAME_PART_ERROR} with an optional DNS subdomain prefix and '/' "
    "(e.g. 'example.com/MyName')"
)
_LABEL_VALUE_ERROR = regex_error(
    f"a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', {_ENDS}",
    LABEL_VALUE,
    "MyValue",
    "my_value",
    "12345",
)
_CONFIG_KEY_ERROR = regex_error(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    CONFIG_KEY,
    "key.name",
    "KEY_NAME",
    "key-name",
)
_HEADER_ERROR = regex_error(
    "a valid HTTP header must consist of alphanumeric characters or '-'", HEADER, "X-Header-Name"
)
_C_IDENTIFIER_ERROR = regex_error(
    "a valid C identifier must start with alphabetic character or '_', followed by a string of "
    "alphanumeric characters or '_'",
    C_IDENTIFIER,
    "my_name",
    "MY_NAME",
    "MyName",
)
_ENV_NAME_ERROR = (
    "a valid environment variable name must consist only of printable ASCII characters other than '='"
)

_label = re.compile(LABEL).fullmatch
_subdomain = re.compile(SUBDOMAIN).fullmatch
_name_part = re.compile(NAME_PART).fullmatch
_config_key = re.compile(CONFIG_KEY).fullmatch


def _size(text: str) -> int:
    """Length in bytes: what limits count."""
    return len(text) if text.isascii() else len(text.encode())


def _check(value: str, pattern: str, message: str, limit: int) -> list[str]:
    errors = [too_long(limit)] if _size(value) > limit else []
    return errors if re.fullmatch(pattern, value) else [*errors, message]


def check_label(value: str) -> list[str]:
    """RFC 1123 label: names of Namespaces, Services, containers."""
    errors = [too_long(LONGEST_LABEL)] if _size(value) > LONGEST_LABEL else []
    if not _label(value):
        errors.append("must not contain dots" if _subdomain(value) else _LABEL_ERROR)
    return errors


def check_subdomain(value: str) -> list[str]:
    """RFC 1123 subdomain: names of most kinds."""
    errors = [too_long(LONGEST_SUBDOMAIN)] if _size(value) > LONGEST_SUBDOMAIN else []
    return errors if _subdomain(value) else [*errors, _SUBDOMAIN_ERROR]


def check_underscore_subdomain(value: str) -> list[str]:
    """RFC 1123 subdomain in which labels may also have underscores: DNS search paths."""
    return _check(value, UNDERSCORE_SUBDOMAIN, _UNDERSCORE_ERROR, LONGEST_SUBDOMAIN)


def check_label_1035(value: str) -> list[str]:
    """RFC 1035 label: starts with a letter."""
    return _check(value, LABEL_1035, _LABEL_1035_ERROR, LONGEST_LABEL)


def check_wildcard_subdomain(value: str) -> list[str]:
    """`*.example.com`: hosts of Ingresses."""
    return _check(value, WILDCARD, _WILDCARD_ERROR, LONGEST_SUBDOMAIN)


def check_domain_name(value: str) -> list[str]:
    """A domain with two labels or more; a final dot is allowed."""
    value = value.removesuffix(".")
    if errors := check_subdomain(value):
        return errors
    labels = value.split(".")
    if len(labels) < 2:
        return ["should be a domain with at least two segments separated by dots"]
    return next((errors for label in labels if (errors := check_label(label))), [])


def check_qualified_domain(value: str) -> list[str]:
    """A domain with three labels or more: names of CustomResourceDefinitions' like."""
    if errors := check_subdomain(value):
        return errors
    if value.count(".") < 2:
        return ["should be a domain with at least three segments separated by dots"]
    return []


def check_path_segment(value: str) -> list[str]:
    """One piece of a URL path: names of RBAC kinds."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return check_path_segment_prefix(value)


def check_path_segment_prefix(value: str) -> list[str]:
    """The beginning of one piece of a URL path."""
    return [f"may not contain '{letter}'" for letter in "/%" if letter in value]


@lru_cache(maxsize=4096)
def _label_key(value: str) -> tuple[str, ...]:
    prefix, slash, name = value.rpartition("/")
    if "/" in prefix:
        return (_LABEL_KEY_ERROR,)
    errors: list[str] = []
    if slash and not prefix:
        errors.append(f"prefix part {EMPTY}")
    elif slash:
        errors += (f"prefix part {error}" for error in check_subdomain(prefix))
    if not name:
        errors.append(f"name part {EMPTY}")
    elif _size(name) > LONGEST_LABEL:
        errors.append(f"name part {too_long(LONGEST_LABEL, 'bytes')}")
    if not _name_part(name):
        errors.append(f"name part {_NAME_PART_ERROR}")
    return tuple(errors)


def check_qualified_name(value: str) -> list[str]:
    """`example.com/name` or `name`: label keys, resource names, condition types."""
    return list(_label_key(value))


check_label_key = check_qualified_name


def check_annotation_key(value: str) -> list[str]:
    """As label keys, but the prefix may have capitals."""
    return list(_label_key(value.lower()))


@lru_cache(maxsize=4096)
def _label_value(value: str) -> tuple[str, ...]:
    errors = [too_long(LONGEST_LABEL, "bytes")] if _size(value) > LONGEST_LABEL else []
    return tuple(errors) if not value or _name_part(value) else (*errors, _LABEL_VALUE_ERROR)


def check_label_value(value: str) -> list[str]:
    return list(_label_value(value))


def check_prefixed_key(value: str) -> list[str]:
    """A key whose domain may not be left out."""
    if errors := check_qualified_name(value):
        return errors
    return [] if "/" in value else ['must be a domain-prefixed key (such as "acme.io/foo")']


def check_prefixed_path(value: str) -> list[str]:
    """A domain, a slash and a URL path: signer names, resource drivers."""
    host, _, path = value.partition("/")
    if not host or not path:
        return ['must be a domain-prefixed path (such as "acme.io/foo")']
    if not re.fullmatch(HTTP_PATH, path):
        return [*check_subdomain(host), regex_error("Invalid path", HTTP_PATH)]
    return check_subdomain(host)


def check_finalizer(value: str) -> list[str]:
    """A finalizer of metadata: a qualified name, with a domain unless it is one of the standard ones."""
    if errors := check_qualified_name(value):
        return errors
    if "/" in value or value in STANDARD_FINALIZERS:
        return []
    return ["name is neither a standard finalizer name nor is it fully qualified"]


def check_config_key(value: str) -> list[str]:
    """A key of a ConfigMap or Secret: also a file name."""
    errors = [too_long(LONGEST_SUBDOMAIN)] if _size(value) > LONGEST_SUBDOMAIN else []
    if not _config_key(value):
        errors.append(_CONFIG_KEY_ERROR)
    return [*errors, *_leaves_directory(value)]


def _leaves_directory(value: str) -> Iterable[str]:
    if value in (".", ".."):
        yield f"must not be '{value}'"
    elif value.startswith(".."):
        yield "must not start with '..'"


def check_env_name(value: str) -> list[str]:
    """The name of an environment variable."""
    errors = [] if value else [f"environment variable name {EMPTY}"]
    if not value.isascii() or not value.isprintable() or "=" in value:
        errors.append(_ENV_NAME_ERROR)
    return errors


def check_c_identifier(value: str) -> list[str]:
    return [] if re.fullmatch(C_IDENTIFIER, value) else [_C_IDENTIFIER_ERROR]


def check_header_name(value: str) -> list[str]:
    """The name of an HTTP header."""
    return [] if re.fullmatch(HEADER, value) else [_HEADER_ERROR]


def check_port_name(value: str) -> list[str]:
    """The name of a container's port: an IANA service name."""
    errors = []
    if _size(value) > 15:
        errors.append(too_long(15))
    if not re.fullmatch("[-a-z0-9]+", value):
        errors.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not re.search("[a-z]", value):
        errors.append("must contain at least one letter (a-z)")
    if "--" in value:
        errors.append("must not contain consecutive hyphens")
    if value.startswith("-") or value.endswith("-"):
        errors.append("must not begin or end with a hyphen")
    return errors


def check_range(value: int, low: int, high: int) -> list[str]:
    return [] if low <= value <= high else [range_error(low, high)]


def check_port(value: int) -> list[str]:
    return check_range(value, 1, 65535)


def check_id(value: int) -> list[str]:
    """A user's or group's number."""
    return check_range(value, 0, 2**32 - 1)


def check_prefix(value: str, check: Check) -> list[str]:
    """A generateName: as a name of the kind, but one final `-` stands for what will follow."""
    return check(value[:-1] + "a" if len(value) > 1 and value.endswith("-") else value)


def generated_name(base: str, suffix: str) -> str:
    """The name made from a generateName and random characters."""
    return base[:LONGEST_GENERATED_BASE] + suffix
