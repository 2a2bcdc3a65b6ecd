import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.fieldselectors import (
    EVERYTHING,
    FieldRequirement,
    FieldSelector,
    FieldSelectorError,
    escape,
    parse,
    unescape,
)

fields = st.sampled_from(["metadata.name", "spec.nodeName", "status.phase"])
selectors = st.lists(st.builds(FieldRequirement, fields, st.sampled_from(["=", "!="]), st.text()))


@given(st.text())
def test_escaping_is_undone_by_unescaping(value: str) -> None:
    assert unescape(escape(value)) == value


@given(selectors, st.dictionaries(fields, st.text()))
def test_printing_and_parsing_keeps_the_meaning(
    wanted: list[FieldRequirement], values: dict[str, str]
) -> None:
    selector = FieldSelector(wanted)
    assert sorted(parse(str(selector)).requirements) == sorted(wanted)
    assert parse(str(selector)).matches(values) == selector.matches(values)


def test_operators() -> None:
    selector = parse("a==1,b=2,c!=3")
    assert selector.requirements == (("a", "=", "1"), ("b", "=", "2"), ("c", "!=", "3"))
    assert selector.matches({"a": "1", "b": "2"})
    assert not selector.matches({"a": "1", "b": "2", "c": "3"})
    assert not selector.matches({"a": "1"})


def test_a_missing_field_is_empty() -> None:
    assert parse("spec.nodeName=").matches({})
    assert not parse("spec.nodeName!=").matches({})


def test_the_empty_selector_matches_everything() -> None:
    assert parse("") == EVERYTHING == parse(",")
    assert EVERYTHING.matches({})
    assert not EVERYTHING
    assert hash(parse("")) == hash(EVERYTHING)
    assert repr(parse("a=b")) == "FieldSelector('a=b')"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a", "invalid selector: 'a'; can't understand 'a'"),
        ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
        ("a=b=c", "invalid field selector: unescaped character in value: ="),
        (r"a=\b", r"invalid field selector: invalid escape sequence: \b"),
        ("a=\\", "invalid field selector: invalid escape sequence: \\"),
    ],
)
def test_refuses_with_upstreams_words(text: str, message: str) -> None:
    with pytest.raises(FieldSelectorError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_exact_values_and_renamed_fields() -> None:
    selector = parse("spec.host=n1,status.phase!=Running")
    assert selector.exact("spec.host") == "n1"
    assert selector.exact("status.phase") is None
    moved = selector.renamed(lambda field, value: (field.replace("spec.host", "spec.nodeName"), value))
    assert str(moved) == "spec.nodeName=n1,status.phase!=Running"
