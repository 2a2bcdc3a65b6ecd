import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery import names

LABEL = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start "
    "and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is "
    "'[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
)
SUBDOMAIN = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
NAME_PART = (
    "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
    "alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
)
LABEL_KEY = (
    "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with "
    "an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is "
    "'([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an optional DNS subdomain prefix and '/' "
    "(e.g. 'example.com/MyName')"
)
LABEL_VALUE = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used "
    "for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
)


def test_labels() -> None:
    assert names.check_label("web-1") == []
    assert names.check_label("Web") == [LABEL]
    assert names.check_label("web\n") == [LABEL]
    assert names.check_label("a.b") == ["must not contain dots"]
    assert names.check_label("a" * 64) == ["must be no more than 63 characters"]
    assert names.check_label_1035("abc") == []
    assert names.check_label_1035("1abc")[0].startswith("a DNS-1035 label must consist")


def test_subdomains() -> None:
    assert names.check_subdomain("web.example.com") == []
    assert names.check_subdomain("Web") == [SUBDOMAIN]
    assert names.check_subdomain("a" * 254) == ["must be no more than 253 characters"]
    assert names.check_wildcard_subdomain("*.a.b") == []
    assert names.check_wildcard_subdomain("a.b")[0].startswith("a wildcard DNS-1123 subdomain")
    assert names.check_underscore_subdomain("_sip._tcp.a") == []
    assert names.check_underscore_subdomain("A")[0].startswith("a lowercase RFC 1123 subdomain")


def test_domain_names() -> None:
    assert names.check_domain_name("a.b.") == []
    assert names.check_domain_name("a") == ["should be a domain with at least two segments separated by dots"]
    assert names.check_domain_name("A.b") == [SUBDOMAIN]
    assert names.check_domain_name("a." + "b" * 64) == ["must be no more than 63 characters"]
    assert names.check_qualified_domain("a.b.c") == []
    assert names.check_qualified_domain("a.b") == [
        "should be a domain with at least three segments separated by dots"
    ]
    assert names.check_qualified_domain("A") == [SUBDOMAIN]


def test_path_segments() -> None:
    assert names.check_path_segment("system:node") == []
    assert names.check_path_segment("..") == ["may not be '..'"]
    assert names.check_path_segment("a/b%") == ["may not contain '/'", "may not contain '%'"]


def test_label_keys() -> None:
    assert names.check_label_key("app.kubernetes.io/name") == []
    assert names.check_label_key("-app") == [NAME_PART]
    assert names.check_label_key("") == ["name part must be non-empty", NAME_PART]
    assert names.check_label_key("/a") == ["prefix part must be non-empty"]
    assert names.check_label_key("A.io/a") == [f"prefix part {SUBDOMAIN}"]
    assert names.check_label_key("a/b/c") == [LABEL_KEY]
    assert names.check_label_key("a" * 64) == ["name part must be no more than 63 bytes"]
    assert names.check_annotation_key("A.io/a") == []


def test_label_values() -> None:
    assert names.check_label_value("") == []
    assert names.check_label_value("a b") == [LABEL_VALUE]
    assert names.check_label_value("a" * 64) == ["must be no more than 63 bytes"]


def test_names_with_a_domain() -> None:
    assert names.check_prefixed_key("a.io/b") == []
    assert names.check_prefixed_key("b") == ['must be a domain-prefixed key (such as "acme.io/foo")']
    assert names.check_prefixed_key("-") == [NAME_PART]
    assert names.check_prefixed_path("a.io/b/c") == []
    assert names.check_prefixed_path("a.io") == ['must be a domain-prefixed path (such as "acme.io/foo")']
    assert names.check_prefixed_path("A/b c")[0] == SUBDOMAIN
    assert "Invalid path" in names.check_prefixed_path("a/b c")[0]


def test_finalizers() -> None:
    assert names.check_finalizer("orphan") == []
    assert names.check_finalizer("a.io/mine") == []
    assert names.check_finalizer("mine") == [
        "name is neither a standard finalizer name nor is it fully qualified"
    ]
    assert names.check_finalizer("-") == [NAME_PART]


def test_config_keys() -> None:
    assert names.check_config_key("app.conf") == []
    assert names.check_config_key("..") == ["must not be '..'"]
    assert names.check_config_key("..a") == ["must not start with '..'"]
    assert names.check_config_key("a b")[0].endswith("regex used for validation is '[-._a-zA-Z0-9]+')")
    assert names.check_config_key("a" * 254) == ["must be no more than 253 characters"]


def test_names_of_variables_headers_and_identifiers() -> None:
    assert names.check_env_name("1 A") == []
    assert names.check_env_name("A=B") == [
        "a valid environment variable name must consist only of printable ASCII characters other than '='"
    ]
    assert names.check_env_name("") == ["environment variable name must be non-empty"]
    assert names.check_c_identifier("_a1") == []
    assert names.check_c_identifier("1")[0].startswith("a valid C identifier")
    assert names.check_header_name("X-A") == []
    assert names.check_header_name("X A")[0].startswith("a valid HTTP header must consist")


@pytest.mark.parametrize(
    ("name", "count"), [("http", 0), ("a" * 16, 1), ("80", 1), ("a--b", 1), ("-a", 1), ("A", 2), ("", 2)]
)
def test_port_names(name: str, count: int) -> None:
    assert len(names.check_port_name(name)) == count


def test_ranges() -> None:
    assert names.check_port(65535) == []
    assert names.check_port(0) == ["must be between 1 and 65535, inclusive"]
    assert names.check_id(-1) == ["must be between 0 and 4294967295, inclusive"]


def test_a_generate_name_may_end_in_a_hyphen() -> None:
    assert names.check_prefix("web-", names.check_subdomain) == []
    assert names.check_prefix("-", names.check_subdomain) == [SUBDOMAIN]


@given(base=st.text("abc-", max_size=300))
def test_generated_names_have_room_for_their_suffix(base: str) -> None:
    name = names.generated_name(base, "x7k2p")
    assert len(name) <= 63
    assert name.endswith("x7k2p")
    assert base.startswith(name[:-5])


def test_regex_errors_without_examples() -> None:
    assert names.regex_error("no", "a+") == "no (regex used for validation is 'a+')"
