from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.machinery.meta import LabelSelector, LabelSelectorRequirement
from wherry.machinery.selectors import (
    EVERYTHING,
    NOTHING,
    Requirement,
    Selector,
    SelectorError,
    format_label_selector,
    from_label_selector,
    from_labels,
    parse,
)

keys = st.sampled_from(["a", "b", "in", "notin", "x.io/y"])
words = st.sampled_from(["a", "b", "in", "notin", "", "1", "7"])
labels = st.dictionaries(keys, words)
requirements = st.one_of(
    st.builds(Requirement, keys, st.sampled_from(["in", "notin"]), st.sets(words, min_size=1).map(tuple)),
    st.builds(Requirement, keys, st.sampled_from(["=", "==", "!="]), st.tuples(words)),
    st.builds(Requirement, keys, st.sampled_from(["exists", "!"])),
    st.builds(Requirement, keys, st.sampled_from(["gt", "lt"]), st.tuples(st.integers(0, 9).map(str))),
)


def holds(requirement: Requirement, have: dict[str, str]) -> bool:
    """What the operators mean, spelled out."""
    value = have.get(requirement.key)
    match requirement.operator:
        case "in" | "=" | "==":
            return value in requirement.values
        case "notin" | "!=":
            return value not in requirement.values
        case "exists":
            return value is not None
        case "!":
            return value is None
    if value not in ("1", "7"):
        return False
    bound = int(requirement.values[0])
    return int(value) > bound if requirement.operator == "gt" else int(value) < bound


@given(st.lists(requirements), labels)
def test_all_requirements_must_hold(wanted: list[Requirement], have: dict[str, str]) -> None:
    assert Selector(wanted).matches(have) == all(holds(requirement, have) for requirement in wanted)


@given(st.lists(requirements), labels)
def test_printing_and_parsing_keeps_the_meaning(wanted: list[Requirement], have: dict[str, str]) -> None:
    selector = Selector(wanted)
    again = parse(str(selector))
    assert str(again) == str(selector)
    assert again.matches(have) == selector.matches(have)


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("", ""),
        ("a=b", "a=b"),
        ("c==d,a!=b", "a!=b,c==d"),
        (" x in ( b , a ) ", "x in (a,b)"),
        ("x notin (a)", "x notin (a)"),
        ("x in (a,,b)", "x in (,a,b)"),
        ("x in ()", "x in ()"),
        ("x in (,)", "x in ()"),
        ("a,!b", "a,!b"),
        ("k>1,k<5", "k>1,k<5"),
        ("a=", "a="),
        ("a=,b", "a=,b"),
        ("in in (in)", "in in (in)"),
    ],
)
def test_text(text: str, printed: str) -> None:
    assert str(parse(text)) == printed


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("=a", "found '=', expected: !, identifier, or 'end of string'"),
        ("a=b,", "found '', expected: identifier after ','"),
        ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
        ("a=b c", "found 'c', expected: ',' or 'end of string'"),
        ("a in b", "unable to parse requirement: found 'b' expected: '('"),
        ("a in (b", "unable to parse requirement: found '', expected: ',' or ')'"),
        ("a in (=", "unable to parse requirement: found '=', expected: ',', ')' or identifier"),
        ("a==(", "unable to parse requirement: found '(', expected: identifier"),
        ("!=", "found '!=', expected: !, identifier, or 'end of string'"),
        ("!a=b", "found '=', expected: ',' or 'end of string'"),
        ("!,a", "unable to parse requirement: found ',', expected: identifier"),
        (
            "k>x",
            'unable to parse requirement: values[0]: Invalid value: "x": '
            "for 'Gt', 'Lt' operators, the value must be an integer",
        ),
    ],
)
def test_refuses_with_upstreams_words(text: str, message: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parse(text)
    assert str(caught.value) == message


def test_keys_and_values_are_checked() -> None:
    with pytest.raises(
        SelectorError, match=r'^unable to parse requirement: <nil>: Invalid value: "-a": name part'
    ):
        parse("-a=b")
    with pytest.raises(
        SelectorError, match=r'^unable to parse requirement: values\[0\]\[a\]: Invalid value: "-"'
    ):
        parse("a=-")


def test_a_label_selector_means_the_same_as_struct_and_as_tree() -> None:
    tree = {
        "matchLabels": {"app": "web"},
        "matchExpressions": [
            {"key": "tier", "operator": "In", "values": ["a", "b"]},
            {"key": "old", "operator": "DoesNotExist"},
            {"key": "new", "operator": "Exists"},
            {"key": "zone", "operator": "NotIn", "values": ["z"]},
        ],
    }
    struct = LabelSelector(
        matchLabels={"app": "web"},
        matchExpressions=(
            LabelSelectorRequirement(key="tier", operator="In", values=("a", "b")),
            LabelSelectorRequirement(key="old", operator="DoesNotExist"),
            LabelSelectorRequirement(key="new", operator="Exists"),
            LabelSelectorRequirement(key="zone", operator="NotIn", values=("z",)),
        ),
    )
    selector = from_label_selector(struct)
    assert selector == from_label_selector(tree)
    assert hash(selector) == hash(from_label_selector(tree))
    assert str(selector) == "app=web,new,!old,tier in (a,b),zone notin (z)"
    assert selector.matches({"app": "web", "tier": "a", "new": ""})
    assert not selector.matches({"app": "web", "tier": "a", "new": "", "zone": "z"})


def test_no_label_selector_selects_nothing_and_an_empty_one_everything() -> None:
    assert from_label_selector(None) == NOTHING
    assert not NOTHING.matches({})
    assert NOTHING.matches_nothing
    assert from_label_selector({}) == EVERYTHING
    assert EVERYTHING.matches({"a": "b"})
    assert EVERYTHING.matches_everything
    assert not from_labels({"a": "b"}).matches_everything
    assert NOTHING != EVERYTHING
    assert repr(NOTHING) == "Selector(nothing)"
    assert repr(parse("a")) == "Selector('a')"


def test_bad_label_selectors_are_refused() -> None:
    def with_expression(operator: str, *values: str) -> SimpleNamespace:
        expression = SimpleNamespace(key="a", operator=operator, values=values)
        return SimpleNamespace(matchLabels={}, matchExpressions=[expression])

    with pytest.raises(SelectorError, match='"Is" is not a valid label selector operator'):
        from_label_selector(with_expression("Is"))
    with pytest.raises(SelectorError, match="values set can't be empty"):
        from_label_selector(with_expression("In"))
    with pytest.raises(SelectorError, match="values set must be empty"):
        from_label_selector(with_expression("Exists", "a"))
    with pytest.raises(SelectorError, match=r"^\[values.*, values"):
        from_label_selector(with_expression("Exists", "-"))


def test_tables_show_label_selectors() -> None:
    assert format_label_selector(LabelSelector(matchLabels={"a": "b"})) == "a=b"
    assert format_label_selector(LabelSelector()) == "<none>"
    assert format_label_selector(LabelSelector(matchLabels={"-": "b"})) == "<error>"


def test_an_index_can_ask_for_the_exact_value() -> None:
    assert parse("a=b,c!=d").exact("a") == "b"
    assert parse("a in (b)").exact("a") == "b"
    assert parse("a in (b,c)").exact("a") is None
    assert parse("c!=d").exact("c") is None
