"""Rollout: how many Pods each ReplicaSet of a Deployment should have: arithmetic and annotations."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from wherry.api.apps.deployment import Deployment
from wherry.api.apps.replicaset import ReplicaSet
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.machinery.intorstr import rolling_bounds, scaled
from wherry.machinery.names import SAFE_ALPHABET
from wherry.machinery.schema import edit

REVISION = "deployment.kubernetes.io/revision"
REVISION_HISTORY = "deployment.kubernetes.io/revision-history"
DESIRED_REPLICAS = "deployment.kubernetes.io/desired-replicas"
MAX_REPLICAS = "deployment.kubernetes.io/max-replicas"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
ROLLBACK_TO = "deprecated.deployment.rollback.to"
TEMPLATE_HASH = "pod-template-hash"

OWN_ANNOTATIONS = frozenset(
    (LAST_APPLIED, REVISION, REVISION_HISTORY, DESIRED_REPLICAS, MAX_REPLICAS, ROLLBACK_TO)
)
HISTORY_LIMIT = 2000  # characters of the revision-history annotation

# which ReplicaSet is which


def by_age(rs: ReplicaSet) -> tuple[str, str]:
    return (rs.metadata.creationTimestamp, rs.metadata.name)


def revision_of(rs: ReplicaSet) -> int:
    text = rs.metadata.annotations.get(REVISION, "")
    return int(text) if text.isascii() and text.isdigit() else 0


def same_template(one: PodTemplateSpec, other: PodTemplateSpec) -> bool:
    """Whether two templates make the same Pods; the hash that the controller adds does not count."""
    return _without_hash(one) == _without_hash(other)


def _without_hash(template: PodTemplateSpec) -> PodTemplateSpec:
    labels = template.metadata.labels
    if TEMPLATE_HASH not in labels:
        return template
    kept = {key: value for key, value in labels.items() if key != TEMPLATE_HASH}
    return edit(template, metadata=edit(template.metadata, labels=kept))


def find_new(deployment: Deployment, sets: Iterable[ReplicaSet]) -> ReplicaSet | None:
    """The ReplicaSet of the present template: the oldest, should there be two."""
    wanted = _without_hash(deployment.spec.template)
    for rs in sorted(sets, key=by_age):
        if _without_hash(rs.spec.template) == wanted:
            return rs
    return None


def active(sets: Iterable[ReplicaSet]) -> list[ReplicaSet]:
    return [rs for rs in sets if rs.spec.replicas > 0]


def active_or_latest(new: ReplicaSet | None, old: Sequence[ReplicaSet]) -> ReplicaSet | None:
    """The one ReplicaSet that has Pods; the newest where none has; None where several have."""
    latest = sorted(old, key=by_age, reverse=True)
    present = active([*latest, new] if new is not None else latest)
    if len(present) > 1:
        return None
    if present:
        return present[0]
    if new is not None:
        return new
    return latest[0] if latest else None


def template_hash(template: PodTemplateSpec, collisions: int) -> str:
    """A short name for a template: FNV-1a, 32 bits, of its JSON, in characters that spell nothing."""
    text = msgspec.json.encode(template, order="sorted")
    if collisions:
        text += collisions.to_bytes(4, "little")
    value = 0x811C9DC5
    for byte in text:
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return "".join(SAFE_ALPHABET[ord(digit) % len(SAFE_ALPHABET)] for digit in str(value))


# counting


def total(sets: Iterable[ReplicaSet]) -> int:
    return sum(rs.spec.replicas for rs in sets)


def is_rolling(deployment: Deployment) -> bool:
    return deployment.spec.strategy.type == "RollingUpdate"


def _bounds(deployment: Deployment) -> tuple[int, int]:
    rolling = deployment.spec.strategy.rollingUpdate
    surge = rolling.maxSurge if rolling is not None and rolling.maxSurge is not None else 0
    unavailable = rolling.maxUnavailable if rolling is not None and rolling.maxUnavailable is not None else 0
    return rolling_bounds(surge, unavailable, deployment.spec.replicas)


def max_surge(deployment: Deployment) -> int:
    return _bounds(deployment)[0] if is_rolling(deployment) else 0


def staying(rs: ReplicaSet) -> int:
    """Available Pods that nobody has given up yet: a ReplicaSet that was shrunk may not have come to it."""
    return min(rs.status.availableReplicas, rs.spec.replicas)


def max_unavailable(deployment: Deployment) -> int:
    if not is_rolling(deployment) or deployment.spec.replicas == 0:
        return 0
    return min(_bounds(deployment)[1], deployment.spec.replicas)


def new_set_size(deployment: Deployment, sets: Iterable[ReplicaSet], size: int) -> int:
    """How far the new ReplicaSet, now of `size`, may grow. `sets` are all that count against the surge."""
    wanted = deployment.spec.replicas
    if not is_rolling(deployment):
        return wanted
    rolling = deployment.spec.strategy.rollingUpdate
    surge = scaled(rolling.maxSurge or 0, wanted, round_up=True) if rolling is not None else 0
    room = wanted + surge - total(sets)
    return size if room <= 0 else size + min(room, wanted - size)


def is_saturated(deployment: Deployment, rs: ReplicaSet | None) -> bool:
    """Whether the new ReplicaSet has all Pods, and all are available."""
    wanted = deployment.spec.replicas
    return (
        rs is not None
        and rs.spec.replicas == wanted
        and desired_of(rs) == wanted
        and rs.status.availableReplicas == wanted
    )


def desired_of(rs: ReplicaSet) -> int | None:
    """The Deployment's size when this ReplicaSet was last scaled."""
    return _number(rs.metadata.annotations, DESIRED_REPLICAS)


def _number(annotations: Mapping[str, str], key: str) -> int | None:
    text = annotations.get(key, "")
    return int(text) if text.isascii() and text.isdigit() else None


def proportional(deployment: Deployment, sets: Sequence[ReplicaSet]) -> list[tuple[ReplicaSet, int]]:
    """Sizes that keep the shares that the ReplicaSets had, when a Deployment is scaled amid a rollout.

    What rounding leaves over goes to the largest, which comes first; of equals the newer is grown and
    the older is shrunk first.
    """
    wanted = deployment.spec.replicas
    room = (wanted + max_surge(deployment) if wanted > 0 else 0) - total(sets)
    ordered = sorted(sets, key=by_age, reverse=room > 0)
    if room:
        ordered.sort(key=lambda rs: rs.spec.replicas, reverse=True)
    added = 0
    sizes: list[tuple[ReplicaSet, int]] = []
    for rs in ordered:
        share = _share(deployment, rs, room, added)
        added += share
        sizes.append((rs, rs.spec.replicas + share))
    if sizes and room:
        largest, size = sizes[0]
        sizes[0] = (largest, max(size + room - added, 0))
    return sizes


def _share(deployment: Deployment, rs: ReplicaSet, room: int, added: int) -> int:
    if rs.spec.replicas == 0 or room in (0, added):
        return 0
    fraction = _fraction(deployment, rs)
    return min(fraction, room - added) if room > 0 else max(fraction, room - added)


def _fraction(deployment: Deployment, rs: ReplicaSet) -> int:
    if deployment.spec.replicas == 0:
        return -rs.spec.replicas
    before = _number(rs.metadata.annotations, MAX_REPLICAS) or deployment.status.replicas
    if before == 0:
        return 0
    size = rs.spec.replicas * (deployment.spec.replicas + max_surge(deployment)) / before
    return int(size + 0.5) - rs.spec.replicas


# notes on ReplicaSets


def with_size(deployment: Deployment, rs: ReplicaSet, size: int) -> ReplicaSet:
    """The ReplicaSet with another size, and with the Deployment's size noted; the same where it has both."""
    wanted = deployment.spec.replicas
    notes = {DESIRED_REPLICAS: str(wanted), MAX_REPLICAS: str(wanted + max_surge(deployment))}
    annotations = rs.metadata.annotations
    if rs.spec.replicas == size and all(annotations.get(key) == value for key, value in notes.items()):
        return rs
    return edit(
        rs,
        metadata=edit(rs.metadata, annotations={**annotations, **notes}),
        spec=edit(rs.spec, replicas=size),
    )


def with_revision(deployment: Deployment, rs: ReplicaSet, revision: int) -> ReplicaSet:
    """The new ReplicaSet with the Deployment's annotations and its revision, if that is a later one.

    An older revision of it goes to its history: the Deployment was rolled back to it.
    """
    from_deployment = deployment.metadata.annotations.items()
    copied = {key: value for key, value in from_deployment if key not in OWN_ANNOTATIONS}
    annotations = {**rs.metadata.annotations, **copied}
    before = annotations.get(REVISION, "")
    if not before or (before.isdigit() and int(before) < revision):
        annotations[REVISION] = str(revision)
        if before:
            annotations[REVISION_HISTORY] = _longer_history(annotations.get(REVISION_HISTORY, ""), before)
    if annotations == rs.metadata.annotations:
        return rs
    return edit(rs, metadata=edit(rs.metadata, annotations=annotations))


def _longer_history(history: str, revision: str) -> str:
    revisions = [*filter(None, history.split(",")), revision]
    while len(",".join(revisions)) > HISTORY_LIMIT and len(revisions) > 1:
        del revisions[0]
    return ",".join(revisions)
