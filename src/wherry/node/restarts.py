"""Restarts: whether and when a container that has ended is started again."""

from __future__ import annotations

from datetime import datetime, timedelta

from wherry.api.core.container import Container, ContainerRestartRule
from wherry.api.core.pod import Pod
from wherry.node.facts import Cause, Kind, Run, Seen
from wherry.node.identity import full_name
from wherry.node.runtimes.interface import ContainerState

FIRST_BACKOFF = 10.0  # seconds
LONGEST_BACKOFF = 300.0
FORGIVEN_AFTER = 2 * LONGEST_BACKOFF  # of running: the next failure counts as the first


def policy_of(container: Container, pod: Pod) -> str:
    return container.restartPolicy or pod.spec.restartPolicy


def is_restarted(container: Container, kind: Kind, pod: Pod, run: Run, seen: Seen) -> bool:
    """Whether the ended `run` has a successor."""
    cause = seen.condemned.get(run.id)
    if kind is Kind.SIDECAR:
        return True
    if kind is Kind.EPHEMERAL:
        return False
    if cause is Cause.CHANGED or run.state is not ContainerState.EXITED:
        return True
    if any(_applies(rule, run.exit_code) for rule in container.restartPolicyRules):
        return True
    policy = policy_of(container, pod)
    if kind is Kind.INIT:
        return policy != "Never" and run.exit_code != 0
    if policy == "OnFailure":
        return run.exit_code != 0 or cause is Cause.PROBE
    return policy != "Never"


def _applies(rule: ContainerRestartRule, exit_code: int) -> bool:
    if rule.action != "Restart" or rule.exitCodes is None:
        return False
    return (exit_code in rule.exitCodes.values) == (rule.exitCodes.operator == "In")


def ready_at(run: Run) -> datetime | None:
    """From when on the successor of `run` may start; None: at once."""
    if run.backoff == 0 or run.finished_at is None or _is_forgiven(run):
        return None
    return run.finished_at + timedelta(seconds=run.backoff)


def next_backoff(run: Run | None) -> float:
    """What the successor of `run` gets to wait once it has ended itself. A first run waits for nothing."""
    if run is None:
        return 0.0
    if run.backoff == 0 or _is_forgiven(run):
        return FIRST_BACKOFF
    return min(2 * run.backoff, LONGEST_BACKOFF)


def _is_forgiven(run: Run) -> bool:
    if run.started_at is None or run.finished_at is None:
        return False
    return (run.finished_at - run.started_at).total_seconds() > FORGIVEN_AFTER


def crash_loop_message(run: Run, container: str, pod: Pod) -> str:
    """Upstream's sentence, with the delay as Go prints it."""
    minutes, seconds = divmod(int(run.backoff), 60)
    delay = f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
    return f"back-off {delay} restarting failed container={container} pod={full_name(pod)}"
