"""NodeAffinity: Pods choose nodes by their labels: `nodeSelector`, required and preferred terms."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from wherry.api.core.affinity import NodeSelectorRequirement, NodeSelectorTerm
from wherry.scheduler.framework import Plugin, Rejections, normalized, plugin
from wherry.scheduler.table import NO_CODE, Ints, Mask, NodeTable, PodRow

REASON = "node(s) didn't match Pod's node affinity/selector"


@plugin("NodeAffinity", retry_on=("Node/added", "Node/labels"))
class NodeAffinity(Plugin):
    def filter(self, pod: PodRow, nodes: NodeTable) -> Rejections:
        spec = pod.pod.spec
        matching: Mask | None = None
        for key, value in spec.nodeSelector.items():
            mask = _in(nodes, key, (value,))
            matching = mask if matching is None else matching & mask
        affinity = spec.affinity.nodeAffinity if spec.affinity else None
        required = affinity.requiredDuringSchedulingIgnoredDuringExecution if affinity else None
        if required is not None:
            mask = any_term(nodes, required.nodeSelectorTerms)
            matching = mask if matching is None else matching & mask
        return {} if matching is None else {REASON: ~matching}

    def score(self, pod: PodRow, nodes: NodeTable) -> Ints | None:
        affinity = pod.pod.spec.affinity
        if affinity is None or affinity.nodeAffinity is None:
            return None
        preferred = affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution
        if not preferred:
            return None
        total: Ints = np.zeros(len(nodes), np.int64)
        for term in preferred:
            total += term.weight * one_term(nodes, term.preference)
        return normalized(total)


def any_term(nodes: NodeTable, terms: Sequence[NodeSelectorTerm]) -> Mask:
    """Nodes that match one of the terms; no terms match nothing."""
    found: Mask = np.zeros(len(nodes), np.bool_)
    for term in terms:
        found |= one_term(nodes, term)
    return found


def one_term(nodes: NodeTable, term: NodeSelectorTerm) -> Mask:
    """Nodes that meet all requirements of a term; an empty term matches nothing."""
    if not term.matchExpressions and not term.matchFields:
        return np.zeros(len(nodes), np.bool_)
    found: Mask = np.ones(len(nodes), np.bool_)
    for requirement in term.matchExpressions:
        found &= _meets(nodes, requirement)
    for requirement in term.matchFields:
        found &= _field(nodes, requirement)
    return found


def _meets(nodes: NodeTable, requirement: NodeSelectorRequirement) -> Mask:
    key, values = requirement.key, requirement.values
    match requirement.operator:
        case "In":
            return _in(nodes, key, values)
        case "NotIn":
            return ~_in(nodes, key, values)
        case "Exists":
            return np.not_equal(nodes.label(key), NO_CODE)
        case "DoesNotExist":
            return np.equal(nodes.label(key), NO_CODE)
        case "Gt" | "Lt":
            return _compares(nodes, key, values, greater=requirement.operator == "Gt")
    return np.zeros(len(nodes), np.bool_)


def _in(nodes: NodeTable, key: str, values: Sequence[str]) -> Mask:
    codes = nodes.label(key)
    known = nodes.values(key)
    wanted = [known[value] for value in values if value in known]
    return np.isin(codes, wanted)


def _compares(nodes: NodeTable, key: str, values: Sequence[str], *, greater: bool) -> Mask:
    """Labels as whole numbers; what is none matches nothing. Each value is read once."""
    codes = nodes.label(key)
    try:
        bound = int(values[0])
    except (ValueError, IndexError):
        return np.zeros(len(nodes), np.bool_)
    wanted = []
    for text, code in nodes.values(key).items():
        try:
            number = int(text)
        except ValueError:
            continue
        if number > bound if greater else number < bound:
            wanted.append(code)
    return np.isin(codes, wanted)


def _field(nodes: NodeTable, requirement: NodeSelectorRequirement) -> Mask:
    """The one field that can be asked for is metadata.name."""
    found = np.zeros(len(nodes), np.bool_)
    for name in requirement.values:
        row = nodes.rows.get(name)
        if row is not None:
            found[row] = True
    return found if requirement.operator == "In" else ~found
