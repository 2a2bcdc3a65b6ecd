"""Whole clusters come to what is declared, whatever happens to them; equal seeds have equal histories."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.robustness.world import Strictness, World

from wherry.sim.clock import run

ROOT = Path(__file__).resolve().parents[2]


async def calm(seed: int) -> None:
    """Declarations change, everything works: no bound is ever broken."""
    async with World(seed) as world:
        strict = Strictness(world)
        for _ in range(25):
            await world.one_change()
            await world.rest()
        await world.settle()
        await world.check()
        assert strict.checked
        for task in world.watched:
            assert not task.done(), task.exception()


async def stormy(seed: int) -> World:
    """Declarations change while Pods are deleted and nodes are lost."""
    async with World(seed) as world:
        for _ in range(25):
            await (world.one_mishap if world.chance.random() < 0.5 else world.one_change)()
            await world.rest()
        await world.settle()
        await world.check()
    return world


async def crashing(seed: int) -> None:
    """Controllers, scheduler and caches end at any moment, in the middle of what they do, and start anew."""
    async with World(seed, ready_after=0.5) as world:
        for _ in range(30):
            await world.one_change()
            if world.chance.random() < 0.5:
                await world.steps(world.chance.randrange(400))
            else:
                await world.rest()
            if world.chance.random() < 0.6:
                await world.stop_plane()
                if world.chance.random() < 0.3:
                    await world.one_change()
                await world.rest()
                world.start_plane()
        await world.settle()
        await world.check()


@pytest.mark.parametrize("seed", range(4))
def test_rollouts_stay_within_their_bounds_at_every_moment(seed: int) -> None:
    run(calm(seed))


@pytest.mark.parametrize("seed", range(4))
def test_what_was_lost_is_made_up_for(seed: int) -> None:
    run(stormy(seed))


@pytest.mark.parametrize("seed", range(4))
def test_controllers_that_are_killed_leave_nothing_half_done(seed: int) -> None:
    run(crashing(seed))


@pytest.mark.long
@pytest.mark.parametrize("scenario", [calm, stormy, crashing])
def test_a_hundred_histories_end_well(scenario: object) -> None:
    assert callable(scenario)
    for seed in range(100, 200):
        try:
            run(scenario(seed))
        except BaseException as error:
            error.add_note(f"seed {seed}")
            raise


HISTORY = """
from tests.robustness.test_convergence import stormy
from wherry.sim.clock import run
for step in run(stormy(7)).history:
    print(*step)
"""


def test_equal_seeds_have_equal_histories() -> None:
    """In processes of their own, in which sets and addresses come in another order."""
    told = []
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", HISTORY]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment, cwd=ROOT, timeout=120
        )
        told.append(done.stdout.splitlines())
    first = next((pair for pair in zip(*told, strict=False) if pair[0] != pair[1]), None)
    assert first is None
    assert len(told[0]) == len(told[1]) > 100
