"""Book: who claims which map element, and what is different since it was last looked at."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from wherry.network.proxy.model import Owner
from wherry.network.proxy.rules import Elements, Place, Target

Value = str | Target
Claims = tuple[tuple[Owner, Value], ...]
"""In order of precedence: the first one stands."""


@dataclass(frozen=True)
class Delta:
    """What turns one ruleset into another. A place whose value changes is in both maps."""

    removed: Mapping[Place, Value]
    added: Mapping[Place, Value]
    chains_removed: tuple[Target, ...] = ()
    chains_added: tuple[Target, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.removed or self.added)


@dataclass
class Book:
    """The wanted ruleset, changed one owner at a time.

    Two Services may claim one place, such as an external IP: the older one has it, and when it goes,
    the other one takes over.
    """

    _claims: dict[Place, Claims] = field(default_factory=dict)
    _owned: dict[Owner, Elements] = field(default_factory=dict)
    _uses: Counter[Target] = field(default_factory=Counter)
    _before: dict[Place, Value | None] = field(default_factory=dict)
    _chains_before: frozenset[Target] = frozenset()

    def __len__(self) -> int:
        return len(self._owned)

    def owners(self) -> Iterable[Owner]:
        return self._owned.keys()

    @property
    def elements(self) -> dict[Place, Value]:
        """All that stands now."""
        return {place: claims[0][1] for place, claims in self._claims.items()}

    @property
    def chains(self) -> frozenset[Target]:
        """The chains that these elements lead to."""
        return frozenset(self._uses)

    def put(self, owner: Owner, elements: Elements) -> None:
        """From now on the owner claims these, and nothing else."""
        old = self._owned.get(owner, {})
        for place in old:
            if place not in elements:
                self._claim(place, owner, None)
        for place, value in elements.items():
            if old.get(place) != value:
                self._claim(place, owner, value)
        if elements:
            self._owned[owner] = elements
        else:
            self._owned.pop(owner, None)

    def drop(self, owner: Owner) -> None:
        self.put(owner, {})

    def take(self) -> Delta:
        """What is different since `take` was last called."""
        before, self._before = self._before, {}
        removed: dict[Place, Value] = {}
        added: dict[Place, Value] = {}
        for place, old in before.items():
            claims = self._claims.get(place)
            new = claims[0][1] if claims else None
            if old == new:
                continue
            if old is not None:
                removed[place] = old
            if new is not None:
                added[place] = new
        chains, self._chains_before = self._chains_before, self.chains
        return Delta(removed, added, _ordered(chains - self.chains), _ordered(self.chains - chains))

    def _claim(self, place: Place, owner: Owner, value: Value | None) -> None:
        old = self._claims.get(place, ())
        mine = () if value is None else ((owner, value),)
        claims = tuple(sorted([claim for claim in old if claim[0] != owner] + list(mine), key=_precedence))
        standing = old[0][1] if old else None
        following = claims[0][1] if claims else None
        if claims:
            self._claims[place] = claims
        else:
            del self._claims[place]
        if standing != following:
            self._before.setdefault(place, standing)
            self._count(standing, -1)
            self._count(following, 1)

    def _count(self, value: Value | None, change: int) -> None:
        if not isinstance(value, Target):
            return
        for target in (value, *value.needs):
            self._uses[target] += change
            if not self._uses[target]:
                del self._uses[target]


def _precedence(claim: tuple[Owner, Value]) -> Owner:
    return claim[0]


def _ordered(targets: Iterable[Target]) -> tuple[Target, ...]:
    """What others go to first."""
    return tuple(sorted(targets, key=lambda each: (each.local is not None, each.name)))
