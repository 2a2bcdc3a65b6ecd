"""Carrying actions out: in order, up to the first failure, telling attempts how they went."""

from __future__ import annotations

from typing import Any

from wherry.api.core.configmap import ConfigMap
from wherry.client.events import Broadcaster
from wherry.controllers.contract import Attempt, Create, Delete, Emit, Outcome, RequeueAfter, Round
from wherry.machinery.errors import AlreadyExists
from wherry.machinery.meta import ObjectMeta
from wherry.manager.actions import Result, carry_out


def configmap(name: str) -> ConfigMap:
    return ConfigMap(metadata=ObjectMeta(name=name, namespace="default"))


async def done(cluster: Any, round_: Round) -> Result:
    recorder = Broadcaster(cluster.client, cluster.clock).recorder("test")
    return await carry_out(round_, cluster.client, recorder)


async def names(cluster: Any) -> list[str]:
    found = await cluster.client.list(ConfigMap, "default")
    return [each.metadata.name for each in found if not each.metadata.name.startswith("kube-")]


def test_a_failure_ends_the_round(play: Any) -> None:
    async def scenario(cluster: Any) -> None:
        def round_() -> Round:
            yield Create(configmap("a"))
            yield Create(configmap("a"))
            yield Create(configmap("b"))

        result = await done(cluster, round_())
        assert isinstance(result.error, AlreadyExists)
        assert len(result.written) == 1
        assert await names(cluster) == ["a"]

    play(scenario, [])


def test_an_attempt_is_told_and_the_round_goes_on(play: Any) -> None:
    async def scenario(cluster: Any) -> None:
        told: list[Outcome] = []

        def round_() -> Round:
            outcome = yield Attempt((Create(configmap("a")), Create(configmap("a"))))
            told.append(outcome)
            yield Create(configmap("b"))

        result = await done(cluster, round_())
        assert result.error is None
        assert (len(told[0].done), len(told[0].failed)) == (1, 1)
        assert await names(cluster) == ["a", "b"]

    play(scenario, [])


def test_a_controller_that_cannot_go_on_raises_what_it_was_told(play: Any) -> None:
    async def scenario(cluster: Any) -> None:
        def round_() -> Round:
            outcome = yield Attempt((Create(configmap("a")), Create(configmap("a"))))
            assert outcome.error is not None
            raise outcome.error

        result = await done(cluster, round_())
        assert isinstance(result.error, AlreadyExists)
        assert len(result.written) == 1

    play(scenario, [])


def test_a_slow_start_stops_at_the_first_batch_that_fails(play: Any) -> None:
    async def scenario(cluster: Any) -> None:
        told: list[Outcome] = []
        wanted = ["a", "b", "a", "c", "d", "e", "f", "g"]

        def round_() -> Round:
            told.append((yield Attempt(tuple(Create(configmap(name)) for name in wanted), slow_start=True)))

        await done(cluster, round_())
        assert len(told[0].failed) == 1
        assert await names(cluster) == ["a", "b"]  # batches of 1 and 2; the third name of them failed

    play(scenario, [])


def test_what_is_gone_already_is_deleted(play: Any) -> None:
    async def scenario(cluster: Any) -> None:
        def round_() -> Round:
            yield Delete(configmap("none"))
            yield Emit(configmap("none"), "Normal", "Gone", "it was not there")

        assert (await done(cluster, round_())).error is None

    play(scenario, [])


def test_the_earliest_of_several_timers_counts(play: Any) -> None:
    from datetime import timedelta

    async def scenario(cluster: Any) -> None:
        def round_() -> Round:
            yield RequeueAfter(timedelta(seconds=9))
            yield RequeueAfter(timedelta(seconds=3))
            yield RequeueAfter(timedelta(seconds=5))

        assert (await done(cluster, round_())).again == 3

    play(scenario, [])
