"""The arithmetic of rollouts."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherry.api.apps.deployment import (
    Deployment,
    DeploymentSpec,
    DeploymentStrategy,
    RollingUpdateDeployment,
)
from wherry.api.apps.replicaset import ReplicaSet, ReplicaSetSpec, ReplicaSetStatus
from wherry.api.core.container import Container
from wherry.api.core.pod import PodSpec
from wherry.api.core.podtemplate import PodTemplateSpec
from wherry.controllers import rollout
from wherry.machinery.meta import ObjectMeta
from wherry.machinery.names import SAFE_ALPHABET
from wherry.machinery.schema import edit


def template(image: str, **labels: str) -> PodTemplateSpec:
    return PodTemplateSpec(
        metadata=ObjectMeta(labels={"app": "web", **labels}),
        spec=PodSpec(containers=(Container(name="web", image=image),)),
    )


def deployment(replicas: int, surge: int | str = "25%", unavailable: int | str = "25%") -> Deployment:
    rolling = RollingUpdateDeployment(maxSurge=surge, maxUnavailable=unavailable)
    return Deployment(
        metadata=ObjectMeta(name="web"),
        spec=DeploymentSpec(
            replicas=replicas, strategy=DeploymentStrategy(rollingUpdate=rolling), template=template("2")
        ),
    )


def replicaset(name: str, replicas: int, available: int = 0, **annotations: Any) -> ReplicaSet:
    return ReplicaSet(
        metadata=ObjectMeta(
            name=name, uid=name, creationTimestamp=f"2026-01-0{name}T00:00:00Z", annotations=annotations
        ),
        spec=ReplicaSetSpec(replicas=replicas, template=template(name)),
        status=ReplicaSetStatus(availableReplicas=available),
    )


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "expected"),
    [
        (10, "25%", "25%", (3, 2)),
        (1, "25%", "25%", (1, 0)),
        (4, 0, 0, (0, 1)),
        (10, 0, "5%", (0, 1)),
        (3, 0, 5, (0, 3)),
    ],
)
def test_surge_is_rounded_up_and_unavailability_down(
    replicas: int, surge: int | str, unavailable: int | str, expected: tuple[int, int]
) -> None:
    web = deployment(replicas, surge, unavailable)
    assert (rollout.max_surge(web), rollout.max_unavailable(web)) == expected


@given(wanted=st.integers(0, 50), old=st.integers(0, 60), new=st.integers(0, 50), surge=st.integers(0, 10))
def test_the_new_set_never_grows_beyond_surge_or_size(wanted: int, old: int, new: int, surge: int) -> None:
    web = deployment(wanted, surge, 1)
    new = min(new, wanted)
    size = rollout.new_set_size(web, [replicaset("1", old), replicaset("2", new)], new)
    assert new <= size <= wanted
    assert size == new or old + size <= wanted + surge


def test_scaling_up_amid_a_rollout_keeps_the_shares() -> None:
    web = deployment(30, 0, 1)
    before: dict[str, Any] = {rollout.MAX_REPLICAS: "10"}
    sets = [replicaset("1", 8, **before), replicaset("2", 2, **before)]
    sizes = {rs.metadata.name: size for rs, size in rollout.proportional(web, sets)}
    assert sizes == {"1": 24, "2": 6}


def test_what_rounding_leaves_goes_to_the_largest() -> None:
    web = deployment(15, 0, 1)
    before: dict[str, Any] = {rollout.MAX_REPLICAS: "10"}
    sets = [replicaset("1", 5, **before), replicaset("2", 5, **before)]
    sizes = {rs.metadata.name: size for rs, size in rollout.proportional(web, sets)}
    assert sizes == {"1": 7, "2": 8}


@given(
    wanted=st.integers(0, 100),
    sizes=st.lists(st.integers(1, 40), min_size=2, max_size=5),
    surge=st.integers(0, 20),
)
def test_proportional_sizes_add_up_to_what_is_allowed(wanted: int, sizes: list[int], surge: int) -> None:
    web = deployment(wanted, surge, 1)
    before: dict[str, Any] = {rollout.MAX_REPLICAS: str(sum(sizes))}
    sets = [replicaset(str(number + 1), size, **before) for number, size in enumerate(sizes)]
    result = [size for _, size in rollout.proportional(web, sets)]
    assert all(size >= 0 for size in result)
    assert sum(result) == (wanted + surge if wanted else 0)


def test_the_new_set_is_found_whatever_hash_it_carries() -> None:
    web = deployment(3)
    other = replicaset("1", 3)
    same = edit(
        replicaset("2", 0), spec=ReplicaSetSpec(template=template("2", **{rollout.TEMPLATE_HASH: "x"}))
    )
    assert rollout.find_new(web, [other, same]) is same


def test_hashes_are_stable_short_and_differ_by_collision() -> None:
    one, again = rollout.template_hash(template("1"), 0), rollout.template_hash(template("1"), 0)
    assert one == again
    assert set(one) <= set(SAFE_ALPHABET)
    assert len(one) <= 10
    assert one != rollout.template_hash(template("1"), 1)
    assert one != rollout.template_hash(template("2"), 0)


def test_a_later_revision_pushes_the_old_one_into_history() -> None:
    web = edit(
        deployment(1), metadata=ObjectMeta(name="web", annotations={"team": "a", rollout.REVISION: "9"})
    )
    notes: dict[str, Any] = {rollout.REVISION: "3", rollout.REVISION_HISTORY: "1"}
    rs = replicaset("1", 1, **notes)
    noted = rollout.with_revision(web, rs, 5)
    assert noted.metadata.annotations == {
        "team": "a",
        rollout.REVISION: "5",
        rollout.REVISION_HISTORY: "1,3",
    }
    assert rollout.with_revision(web, noted, 4) is noted


def test_history_is_cut_at_its_front() -> None:
    history = ",".join(["1234567"] * 249)
    notes: dict[str, Any] = {rollout.REVISION: "123456", rollout.REVISION_HISTORY: history}
    rs = replicaset("1", 1, **notes)
    noted = rollout.with_revision(deployment(1), rs, 1234567)
    written = noted.metadata.annotations[rollout.REVISION_HISTORY]
    assert len(written) <= rollout.HISTORY_LIMIT
    assert written.endswith(",123456")


def test_one_set_with_pods_is_the_one_to_scale() -> None:
    old, new = replicaset("1", 3), replicaset("2", 0)
    assert rollout.active_or_latest(new, [old]) is old
    assert rollout.active_or_latest(None, [replicaset("1", 0), newest := replicaset("3", 0)]) is newest
    assert rollout.active_or_latest(replicaset("2", 1), [old]) is None
