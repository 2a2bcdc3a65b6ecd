from typing import Any

import pytest

from wherry.machinery.labels import validate_label_selector, validate_labels
from wherry.machinery.meta import LabelSelector, LabelSelectorRequirement


def test_labels_are_checked_key_and_value() -> None:
    assert list(validate_labels({"app.io/a": "b", "c": ""}, "metadata.labels")) == []
    key, value = validate_labels({"-": "b", "c": "-"}, "metadata.labels")
    assert str(key).startswith('metadata.labels: Invalid value: "-": name part must consist of')
    assert str(value).startswith('metadata.labels: Invalid value: "-": a valid label must be')


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        (
            {"key": "a", "operator": "In"},
            "spec.selector.matchExpressions[0].values: Required value: "
            "must be specified when `operator` is 'In' or 'NotIn'",
        ),
        (
            {"key": "a", "operator": "Exists", "values": ["b"]},
            "spec.selector.matchExpressions[0].values: Forbidden: "
            "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
        ),
        (
            {"key": "a", "operator": "Is"},
            'spec.selector.matchExpressions[0].operator: Invalid value: "Is": not a valid selector operator',
        ),
        ({"operator": "Exists"}, 'spec.selector.matchExpressions[0].key: Invalid value: "": name part'),
        (
            {"key": "a", "operator": "In", "values": ["b", "-"]},
            'spec.selector.matchExpressions[0].values[1]: Invalid value: "-": a valid label must be',
        ),
    ],
)
def test_bad_expressions(expression: dict[str, Any], error: str) -> None:
    found = [
        str(each) for each in validate_label_selector({"matchExpressions": [expression]}, "spec.selector")
    ]
    assert found[0].startswith(error)


def test_selectors_may_be_structs_or_missing() -> None:
    requirement = LabelSelectorRequirement(key="a", operator="NotIn", values=("b",))
    selector = LabelSelector(matchLabels={"a": "b"}, matchExpressions=(requirement,))
    assert list(validate_label_selector(selector, "spec.selector")) == []
    assert list(validate_label_selector(None, "spec.selector")) == []
