"""PodResources: what a Pod asks for as a whole, by the one rule that scheduler and node agent share."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from wherry.api.core.container import Container
from wherry.api.core.pod import Pod
from wherry.machinery import quantity

Amounts = dict[str, int]
"""By resource, in thousand-millionths of its unit, so that nothing is rounded before it is summed."""

UNIT = 10**9


def pod_requests(pod: Pod) -> Amounts:
    """What is set aside for a Pod: what it says itself, else what its containers need at their peak."""
    return _total(pod, lambda container: container.resources.requests, pod.spec.resources.requests)


def pod_limits(pod: Pod) -> Amounts:
    return _total(pod, lambda container: container.resources.limits, pod.spec.resources.limits)


def amounts(texts: Mapping[str, str]) -> Amounts:
    """Quantities as numbers; zeros are left out."""
    parsed = {name: quantity.parse(text).nanos for name, text in texts.items()}
    return {name: nanos for name, nanos in parsed.items() if nanos}


def add(total: Amounts, more: Mapping[str, int]) -> None:
    for name, amount in more.items():
        total[name] = total.get(name, 0) + amount


def _total(pod: Pod, part: Callable[[Container], Mapping[str, str]], own: Mapping[str, str]) -> Amounts:
    """Sidecars run with the others and with the init containers that follow them; those run one by one."""
    running: Amounts = {}
    for container in pod.spec.containers:
        add(running, amounts(part(container)))
    sidecars: Amounts = {}
    peak: Amounts = {}
    for container in pod.spec.initContainers:
        wanted = amounts(part(container))
        if container.restartPolicy == "Always":
            add(sidecars, wanted)
            _raise(peak, sidecars)
        else:
            moment = dict(sidecars)
            add(moment, wanted)
            _raise(peak, moment)
    add(running, sidecars)
    _raise(running, peak)
    running |= amounts(own)
    add(running, amounts(pod.spec.overhead))
    return running


def _raise(total: Amounts, least: Mapping[str, int]) -> None:
    for name, amount in least.items():
        total[name] = max(total.get(name, 0), amount)
