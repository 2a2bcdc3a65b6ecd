"""Deployment controller: goes from one version of Pods to the next by growing and shrinking ReplicaSets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from wherry.api.apps.deployment import Deployment
from wherry.api.apps.replicaset import ReplicaSet, ReplicaSetSpec
from wherry.api.core.pod import Pod
from wherry.controllers import progress, rollout
from wherry.controllers.adoption import claim
from wherry.controllers.contract import (
    Attempt,
    Create,
    Delete,
    Emit,
    Key,
    Observed,
    Part,
    RequeueAfter,
    Round,
    Update,
    UpdateStatus,
    Watch,
    controller,
    in_turn,
    namespace_is_going,
)
from wherry.controllers.pods import is_finished
from wherry.machinery.conditions import find_condition
from wherry.machinery.errors import AlreadyExists, StatusError
from wherry.machinery.meta import LabelSelector, ObjectMeta
from wherry.machinery.ownership import controller_of, is_controlled_by, owner_reference
from wherry.machinery.schema import edit
from wherry.machinery.selectors import Selector, from_label_selector

NO_LIMIT = 2**31 - 1  # revisionHistoryLimit that means none
FAILED_CREATE = "ReplicaSetCreateError"

Sets = list[ReplicaSet]


def selector_of(deployment: Deployment) -> Selector:
    return from_label_selector(deployment.spec.selector)


def recreated_by(pod: Pod, seen: Observed) -> Iterator[Key]:
    """The Deployment that waits for this Pod to be gone before it makes new ones."""
    namespace = pod.metadata.namespace
    owner = controller_of(pod.metadata)
    rs = seen.get(ReplicaSet, owner.name, namespace) if owner is not None else None
    above = controller_of(rs.metadata) if rs is not None else None
    deployment = seen.get(Deployment, above.name, namespace) if above is not None else None
    if deployment is not None and deployment.spec.strategy.type == "Recreate":
        yield (namespace, deployment.metadata.name)


@controller(
    "deployment-controller",
    reconciles=Deployment,
    owns=(ReplicaSet,),
    watches=(Watch(Pod, recreated_by, when=lambda old, new: False),),
    selects=selector_of,
    writes={
        "deployments.apps": ("update",),
        "deployments.apps/status": ("update",),
        "deployments.apps/finalizers": ("update",),
        "replicasets.apps": ("create", "delete", "patch", "update"),
        "pods": ("update",),
    },
)
def reconcile(deployment: Deployment, seen: Observed) -> Round:
    if deployment.spec.selector == LabelSelector():
        yield from _refuse(deployment)
        return
    sets, adoptions = claim(
        deployment, selector_of(deployment), seen.owned(ReplicaSet), seen.orphans(ReplicaSet)
    )
    yield from in_turn(adoptions)
    if deployment.metadata.deletionTimestamp:
        rolling = _Rollout(deployment, sets, seen)
        yield from rolling.note_revision()
        yield from rolling.write_counts()
        return
    if (told := progress.pause_changed(deployment, seen.now)) is not None:
        deployment = yield from _save(progress.with_condition(deployment, told))
    rolling = _Rollout(deployment, sets, seen)
    yield from rolling.note_revision()
    if deployment.spec.paused or rolling.was_scaled():
        yield from rolling.scale()
    elif deployment.spec.strategy.type == "Recreate":
        yield from rolling.recreate()
    else:
        yield from rolling.roll()


def _refuse(deployment: Deployment) -> Round:
    message = "This deployment is selecting all pods. A non-empty selector is required."
    yield Emit(deployment, "Warning", "SelectingAll", message)
    generation = deployment.metadata.generation or 0
    if deployment.status.observedGeneration < generation:
        status = edit(deployment.status, observedGeneration=generation)
        yield UpdateStatus(edit(deployment, status=status))


def _save(deployment: Deployment) -> Part[Deployment]:
    """Write the status, annotations included; the Deployment as it is now."""
    outcome = yield UpdateStatus(deployment)
    _, saved = outcome.done[0]
    assert isinstance(saved, Deployment)
    return saved


class _Rollout:
    """One round for one Deployment: its ReplicaSets as they become while the round goes on."""

    def __init__(self, deployment: Deployment, sets: Sequence[ReplicaSet], seen: Observed) -> None:
        self.deployment = deployment
        self.seen = seen
        self.new = rollout.find_new(deployment, sets)
        self.old: Sets = [rs for rs in sets if rs is not self.new]

    @property
    def sets(self) -> Sets:
        return [*self.old, self.new] if self.new is not None else self.old

    # the ways to go

    def was_scaled(self) -> bool:
        """Whether the Deployment's size is another than when its ReplicaSets were last scaled."""
        desired = map(rollout.desired_of, rollout.active(self.sets))
        return any(each is not None and each != self.deployment.spec.replicas for each in desired)

    def scale(self) -> Round:
        """Bring the sizes in line with `spec.replicas`, without going on with the rollout."""
        deployment = self.deployment
        only = rollout.active_or_latest(self.new, self.old)
        if only is not None:
            if only.spec.replicas != deployment.spec.replicas:
                yield from self._resize(only, deployment.spec.replicas)
        elif rollout.is_saturated(deployment, self.new):
            for rs in rollout.active(self.old):
                yield from self._resize(rs, 0)
        elif rollout.is_rolling(deployment):
            for rs, size in rollout.proportional(deployment, rollout.active(self.sets)):
                yield from self._resize(rs, size)
        if deployment.spec.paused:
            yield from self._forget_old()
        yield from self.write_counts()

    def roll(self) -> Round:
        """Grow the new ReplicaSet as far as the surge allows, else shrink old ones."""
        yield from self._need_new()
        if not (yield from self._grow_new()) and not (yield from self._shrink_old()):
            yield from self._finish()
        yield from self._write_progress()

    def recreate(self) -> Round:
        """First all old Pods go, then the new ones come."""
        scaled_down = False
        for rs in rollout.active(self.old):
            scaled_down |= yield from self._resize(rs, 0)
        if not scaled_down and not self._old_pods_run():
            yield from self._need_new()
            assert self.new is not None
            yield from self._resize(self.new, self.deployment.spec.replicas, only_size=True)
            yield from self._finish()
        yield from self._write_progress()

    # the new ReplicaSet

    def note_revision(self) -> Round:
        """Give the new ReplicaSet, where there is one, its revision, and the Deployment the same."""
        if self.new is None:
            return
        noted = rollout.with_revision(self.deployment, self.new, self._next_revision())
        wanted = self.deployment.spec.minReadySeconds
        if noted is not self.new or noted.spec.minReadySeconds != wanted:
            yield from self._write_new(edit(noted, spec=edit(noted.spec, minReadySeconds=wanted)))
        deployment = self._with_revision(self.new.metadata.annotations.get(rollout.REVISION, ""))
        untold = find_condition(deployment.status.conditions, progress.PROGRESSING) is None
        if progress.has_deadline(deployment) and untold:
            message = f'Found new replica set "{self.new.metadata.name}"'
            deployment = self._says("True", "FoundNewReplicaSet", message, deployment)
        if deployment is not self.deployment:
            self.deployment = yield from _save(deployment)

    def _next_revision(self) -> int:
        return max(map(rollout.revision_of, self.old), default=0) + 1

    def _write_new(self, rs: ReplicaSet) -> Round:
        outcome = yield Update(rs)
        written = outcome.done[0][1]
        assert isinstance(written, ReplicaSet)
        self.new = written

    def _with_revision(self, revision: str) -> Deployment:
        meta = self.deployment.metadata
        if not revision or meta.annotations.get(rollout.REVISION) == revision:
            return self.deployment
        annotations = {**meta.annotations, rollout.REVISION: revision}
        return edit(self.deployment, metadata=edit(meta, annotations=annotations))

    def _says(self, status: str, reason: str, message: str, deployment: Deployment) -> Deployment:
        told = progress.condition(progress.PROGRESSING, status, reason, message, self.seen.now)
        return progress.with_condition(deployment, told)

    def _need_new(self) -> Round:
        """Make the new ReplicaSet if there is none."""
        if self.new is not None:
            return
        made = self._made()
        outcome = yield Attempt((Create(made),))
        existed = False
        if outcome.error is not None:
            found = self._ours(outcome.error, made)
            if found is None:
                yield from self._not_created(made, outcome.error)
                raise outcome.error
            existed, self.new = True, found
        else:
            created = outcome.done[0][1]
            assert isinstance(created, ReplicaSet)
            self.new = created
            if size := created.spec.replicas:
                yield self._event(f"Scaled up replica set {created.metadata.name} from 0 to {size}")
        deployment = self._with_revision(str(self._next_revision()))
        if not existed and progress.has_deadline(deployment):
            message = f'Created new replica set "{made.metadata.name}"'
            deployment = self._says("True", "NewReplicaSetCreated", message, deployment)
        if deployment is not self.deployment:
            self.deployment = yield from _save(deployment)

    def _made(self) -> ReplicaSet:
        deployment = self.deployment
        spec = deployment.spec
        hashed = rollout.template_hash(spec.template, deployment.status.collisionCount)
        label = {rollout.TEMPLATE_HASH: hashed}
        labels = {**spec.template.metadata.labels, **label}
        rs = ReplicaSet(
            metadata=ObjectMeta(
                name=f"{deployment.metadata.name}-{hashed}",
                namespace=deployment.metadata.namespace,
                labels=labels,
                ownerReferences=(owner_reference(deployment),),
            ),
            spec=ReplicaSetSpec(
                replicas=0,
                minReadySeconds=spec.minReadySeconds,
                selector=edit(spec.selector, matchLabels={**spec.selector.matchLabels, **label}),
                template=edit(spec.template, metadata=edit(spec.template.metadata, labels=labels)),
            ),
        )
        size = rollout.new_set_size(deployment, self.old, 0)
        return rollout.with_size(
            deployment, rollout.with_revision(deployment, rs, self._next_revision()), size
        )

    def _ours(self, error: StatusError, made: ReplicaSet) -> ReplicaSet | None:
        """The ReplicaSet that has the name already, if it is just the one that we wanted to make."""
        if not isinstance(error, AlreadyExists):
            return None
        found = self.seen.get(ReplicaSet, made.metadata.name, made.metadata.namespace)
        if found is None or not is_controlled_by(found.metadata, self.deployment.metadata.uid):
            return None
        same = rollout.same_template(found.spec.template, self.deployment.spec.template)
        return found if same else None

    def _not_created(self, made: ReplicaSet, error: StatusError) -> Round:
        """Another one has the name: count that, which gives another hash. Otherwise tell."""
        deployment = self.deployment
        if isinstance(error, AlreadyExists):
            if self.seen.get(ReplicaSet, made.metadata.name, made.metadata.namespace) is not None:
                count = deployment.status.collisionCount + 1
                yield UpdateStatus(edit(deployment, status=edit(deployment.status, collisionCount=count)))
            return
        if namespace_is_going(error):
            return
        message = f'Failed to create new replica set "{made.metadata.name}": {error}'
        yield Emit(deployment, "Warning", FAILED_CREATE, message)
        if progress.has_deadline(deployment):
            yield Attempt((UpdateStatus(self._says("False", FAILED_CREATE, message, deployment)),))

    # sizes

    def _resize(self, rs: ReplicaSet, size: int, *, only_size: bool = False) -> Part[bool]:
        """Whether something was written."""
        if only_size and rs.spec.replicas == size:
            return False
        resized = rollout.with_size(self.deployment, rs, size)
        if resized is rs:
            return False
        outcome = yield Update(resized)
        written = outcome.done[0][1]
        assert isinstance(written, ReplicaSet)
        before = rs.spec.replicas
        if before != size:
            direction = "up" if before < size else "down"
            yield self._event(f"Scaled {direction} replica set {rs.metadata.name} from {before} to {size}")
        if rs is self.new:
            self.new = written
        self.old = [written if each is rs else each for each in self.old]
        return True

    def _event(self, message: str) -> Emit:
        return Emit(self.deployment, "Normal", "ScalingReplicaSet", message)

    def _grow_new(self) -> Part[bool]:
        new, wanted = self.new, self.deployment.spec.replicas
        assert new is not None
        if new.spec.replicas == wanted:
            return False
        size = wanted
        if new.spec.replicas < wanted:
            size = rollout.new_set_size(self.deployment, self.sets, new.spec.replicas)
        return (yield from self._resize(new, size, only_size=True))

    def _shrink_old(self) -> Part[bool]:
        """Old Pods that are not healthy go first: nobody misses them."""
        new = self.new
        assert new is not None
        if not rollout.total(self.old):
            return False
        least = self.deployment.spec.replicas - rollout.max_unavailable(self.deployment)
        new_unavailable = new.spec.replicas - rollout.staying(new)
        removable = rollout.total(self.sets) - least - new_unavailable
        if removable <= 0:
            return False
        unhealthy = yield from self._take_from_old(removable, healthy=False)
        surplus = sum(map(rollout.staying, (new, *rollout.active(self.old)))) - least
        healthy = (yield from self._take_from_old(surplus, healthy=True)) if surplus > 0 else 0
        return unhealthy + healthy > 0

    def _take_from_old(self, count: int, *, healthy: bool) -> Part[int]:
        """Shrink the oldest ReplicaSets by `count` in all; by how many it was."""
        taken = 0
        for rs in sorted(rollout.active(self.old), key=rollout.by_age):
            size = rs.spec.replicas
            most = size if healthy else max(size - rs.status.availableReplicas, 0)
            step = min(most, count - taken)
            if step > 0:
                yield from self._resize(rs, size - step)
                taken += step
        return taken

    def _old_pods_run(self) -> bool:
        if sum(rs.status.replicas for rs in self.old) > 0:
            return True
        return any(not is_finished(pod) for rs in self.old for pod in self._pods_of(rs))

    def _pods_of(self, rs: ReplicaSet) -> Iterable[Pod]:
        return self.seen.controlled_by(Pod, rs.metadata.uid)

    # what is left and what is told

    def _finish(self) -> Round:
        if progress.is_complete(self.deployment, self.deployment.status):
            yield from self._forget_old()

    def _forget_old(self) -> Round:
        """Delete the oldest empty ReplicaSets beyond the history's limit."""
        limit = self.deployment.spec.revisionHistoryLimit
        alive = [rs for rs in self.old if not rs.metadata.deletionTimestamp]
        if limit == NO_LIMIT or len(alive) <= limit:
            return
        alive.sort(key=lambda rs: (rollout.revision_of(rs), *rollout.by_age(rs)))
        for rs in alive[: len(alive) - limit]:
            observed = rs.status.observedGeneration >= (rs.metadata.generation or 0)
            if rs.spec.replicas == 0 and rs.status.replicas == 0 and observed:
                yield Delete(rs)

    def write_counts(self) -> Round:
        status = progress.counted(self.deployment, self.sets, self.new, self.seen.now)
        if status != self.deployment.status:
            yield UpdateStatus(edit(self.deployment, status=status))

    def _write_progress(self) -> Round:
        deployment, now = self.deployment, self.seen.now
        status = progress.judged(deployment, self.sets, self.new, now)
        if status != deployment.status:
            yield UpdateStatus(edit(deployment, status=status))
        if (left := progress.time_left(deployment, status, now)) is not None:
            yield RequeueAfter(left)
