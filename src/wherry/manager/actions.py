"""Actions: doing what a controller asks for. The impure half of every controller, written once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple, assert_never

from wherry.api.registry import Resource, resource_for
from wherry.client.client import Client
from wherry.client.events import Recorder
from wherry.controllers.contract import (
    Attempt,
    Create,
    Delete,
    Emit,
    Outcome,
    Patch,
    RequeueAfter,
    Round,
    Step,
    Update,
    UpdateStatus,
)
from wherry.machinery.errors import NotFound, ServiceUnavailable, StatusError
from wherry.machinery.meta import Object

Write = Create | Update | UpdateStatus | Patch | Delete


class Written(NamedTuple):
    """One write that the cache has to show before the object is looked at again.

    Up to `revision`, or, where the server told none, until the object with this uid is gone or ending.
    """

    resource: Resource
    revision: int
    uid: str = ""
    name: str = ""
    namespace: str = ""


class Result(NamedTuple):
    """How a round ended."""

    written: list[Written]
    again: float | None  # seconds
    error: StatusError | OSError | None


async def carry_out(round_: Round, client: Client, recorder: Recorder) -> Result:
    """Do what the controller yields, in order, telling it how each Attempt went.

    Stops at the first failure outside an Attempt, and where the controller itself raises one: the next
    round starts from what is true by then.
    """
    written: list[Written] = []
    again: float | None = None
    outcome = Outcome()
    try:
        action = next(round_)
        while True:
            match action:
                case Emit(about, type_, reason, message):
                    recorder.emit(about, type_, reason, message)
                    outcome = Outcome()
                case RequeueAfter(delay):
                    seconds = delay.total_seconds()
                    again = seconds if again is None else min(again, seconds)
                    outcome = Outcome()
                case Attempt():
                    outcome = await _attempt(action, client, written.append)
                case Create() | Update() | UpdateStatus() | Patch() | Delete():
                    outcome = Outcome(done=((action, await write(action, client, written.append)),))
                case _:
                    assert_never(action)
            action = round_.send(outcome)
    except StopIteration:
        return Result(written, again, None)
    except (StatusError, OSError) as failure:
        return Result(written, again, failure)
    finally:
        round_.close()


async def write(action: Write, client: Client, note: Callable[[Written], None]) -> Object | None:
    """One write; what the server answered with."""
    answer: Object | None
    match action:
        case Create(obj):
            answer = await client.create(obj)
        case Update(obj, subresource):
            answer = await client.update(obj, subresource=subresource)
        case UpdateStatus(obj):
            answer = await client.update_status(obj)
        case Patch(obj, body, type_, subresource):
            meta = obj.metadata
            answer = await client.patch(
                type(obj), meta.name, body, meta.namespace, type=type_, subresource=subresource
            )
        case Delete():
            return await _delete(action, client, note)
        case _:
            assert_never(action)
    note(Written(resource_for(type(answer)), int(answer.metadata.resourceVersion or 0)))
    return answer


async def _delete(action: Delete, client: Client, note: Callable[[Written], None]) -> Object | None:
    obj = action.object
    revision = obj.metadata.resourceVersion if action.unchanged else ""
    try:
        left: Object | None = await client.delete(
            obj, grace=action.grace, propagation=action.propagation, revision=revision
        )
    except NotFound:
        left = None  # somebody else was faster
    meta = obj.metadata
    note(Written(resource_for(type(obj)), 0, meta.uid, meta.name, meta.namespace))
    return left


async def _attempt(attempt: Attempt, client: Client, note: Callable[[Written], None]) -> Outcome:
    """Side by side; with a slow start in batches of 1, 2, 4 …, up to the first in which one fails."""
    done: list[tuple[Step, Object | None]] = []
    failed: list[tuple[Step, StatusError]] = []

    async def one(action: Write) -> None:
        try:
            done.append((action, await write(action, client, note)))
        except StatusError as error:
            failed.append((action, error))
        except OSError as error:
            failed.append((action, ServiceUnavailable(str(error))))

    size = 1 if attempt.slow_start else len(attempt.actions)
    at = 0
    while at < len(attempt.actions) and not failed:
        batch = attempt.actions[at : at + size]
        if len(batch) == 1:
            await one(batch[0])
        else:
            async with asyncio.TaskGroup() as group:
                for action in batch:
                    group.create_task(one(action))
        at += len(batch)
        size *= 2
    return Outcome(tuple(done), tuple(failed))
