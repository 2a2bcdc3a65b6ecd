"""eviction: deletes a Pod if its disruption budget lets it go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wherry.api.policy.poddisruptionbudget import PodDisruptionBudget
from wherry.api.registry import resource_for
from wherry.apiserver import body
from wherry.apiserver.call import Call, Outcome
from wherry.apiserver.delete import options_of
from wherry.apiserver.entry import Entry
from wherry.apiserver.selection import Selection
from wherry.machinery.errors import BadRequest, Cause, InternalError, TooManyRequests, not_found
from wherry.machinery.schema import Tree
from wherry.machinery.selectors import from_label_selector
from wherry.machinery.times import format_seconds

if TYPE_CHECKING:
    from wherry.apiserver.api import Api

BLOCKED = "Cannot evict pod as it would violate the pod's disruption budget."


async def handle(call: Call, api: Api) -> Outcome:
    eviction = body.parse(call.body, call.content_type)
    if not isinstance(eviction, dict):
        raise BadRequest("the request's body is not an Eviction")
    name = (eviction.get("metadata") or {}).get("name") or call.name
    if name != call.name:
        raise BadRequest("name in URL does not match name in Eviction object")
    pod = api.writer.find(call)
    if pod is None:
        raise not_found("pods", call.name)
    if needs_budget(pod):
        await _spend(call, api, pod)
    deletion = Call("delete", call.resource, call.namespace, call.name, params=call.params, user=call.user)
    options = eviction.get("deleteOptions") or {}
    deletion.body = api.encode({**options, "kind": "DeleteOptions"}) if options else b""
    if not call.dry_run:
        await _condition(call, api)
    await api.deleter.delete(deletion, options_of(deletion))
    return Outcome(
        201, tree={"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}
    )


def needs_budget(pod: Entry) -> bool:
    """A Pod that does not run, or is on its way out already, disturbs nobody by leaving."""
    typed = pod.typed
    return (
        typed.status.phase not in ("Pending", "Succeeded", "Failed") and not typed.metadata.deletionTimestamp
    )


def budgets_of(pod: Entry, api: Api) -> list[Entry]:
    cache = api.hub.cache(resource_for(PodDisruptionBudget))
    found = []
    for entry in cache.select(Selection(cache.resource, pod.namespace)):
        selector = entry.typed.spec.selector
        if selector is not None and from_label_selector(selector).matches(pod.labels):
            found.append(entry)
    return found


async def _spend(call: Call, api: Api, pod: Entry) -> None:
    """Take one disruption from the Pod's budget. TooManyRequests where there is none left."""
    budgets = budgets_of(pod, api)
    if len(budgets) > 1:
        raise InternalError(
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support."
        )
    if not budgets or _ignores(budgets[0], pod):
        return
    change = Call("update", budgets[0].resource, pod.namespace, budgets[0].name, "status", user=call.user)

    def make(current: Entry) -> Tree:
        _check_budget(current)
        tree = current.tree
        status = tree["status"]
        status["disruptionsAllowed"] -= 1
        status.setdefault("disruptedPods", {})[pod.name] = format_seconds(api.clock.now())
        return tree

    await api.writer.change(change, make)


def _ignores(budget: Entry, pod: Entry) -> bool:
    """A Pod that is not Ready may go if the budget says so, or if the healthy ones are enough."""
    if any(c.type == "Ready" and c.status == "True" for c in pod.typed.status.conditions):
        return False
    found = budget.typed
    if found.spec.unhealthyPodEvictionPolicy == "AlwaysAllow":
        return True
    healthy, desired = found.status.currentHealthy, found.status.desiredHealthy
    return bool(healthy >= desired > 0)


def _check_budget(budget: Entry) -> None:
    found = budget.typed
    if found.status.observedGeneration < (found.metadata.generation or 0):
        raise TooManyRequests(
            BLOCKED,
            [
                Cause(
                    "DisruptionBudget",
                    f"The disruption budget {budget.name} is still being processed by the server.",
                )
            ],
            retry_after=10,
        )
    if found.status.disruptionsAllowed <= 0:
        needs = found.status.desiredHealthy
        why = (
            f"The disruption budget {budget.name} needs {needs} healthy pods and has "
            f"{found.status.currentHealthy} currently"
        )
        raise TooManyRequests(BLOCKED, [Cause("DisruptionBudget", why)])


async def _condition(call: Call, api: Api) -> None:
    """Say in the Pod's status why it goes."""
    change = Call("update", call.resource, call.namespace, call.name, "status", user=call.user)

    def make(current: Entry) -> Tree:
        tree = current.tree
        conditions = [
            c for c in tree["status"].get("conditions") or () if c.get("type") != "DisruptionTarget"
        ]
        tree["status"]["conditions"] = [
            *conditions,
            {
                "type": "DisruptionTarget",
                "status": "True",
                "reason": "EvictionByEvictionAPI",
                "message": "Eviction API: evicting",
                "lastTransitionTime": format_seconds(api.clock.now()),
            },
        ]
        return tree

    await api.writer.change(change, make)
