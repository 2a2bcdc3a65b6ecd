"""Script: a ruleset, or the way from one to the next, in the language of nft, each one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from wherry.network.proxy.book import Delta, Value
from wherry.network.proxy.model import FAMILIES, Family, Ranges, family_of
from wherry.network.proxy.rules import FIRST, IP, MASQUERADE, Place, Target, chain

CLIENTS = 262144  # clients of Services with affinity that are remembered at most, for each map

OURS = 0xFF000000 | MASQUERADE  # what tells our marks from others', and those to masquerade among them

HOOKS: Mapping[str, str] = {
    "prerouting": "type nat hook prerouting priority -100; policy accept;",
    "output": "type nat hook output priority -100; policy accept;",
    "postrouting": "type nat hook postrouting priority 100; policy accept;",
}


def _maps(family: Family) -> Iterator[tuple[str, str]]:
    address = f"ipv{family}_addr"
    for prefix, key in (
        ("", f"{address} . inet_proto . inet_service"),
        ("port-", "inet_proto . inet_service"),
    ):
        yield f"{prefix}svc{family}", f"type {key} : verdict;"
        yield f"{prefix}be{family}", f"type {key} . mark : {address} . inet_service;"
        yield f"{prefix}ids{family}", f"type {key} . mark : mark;"


def _sets(family: Family) -> Iterator[tuple[str, str]]:
    address = f"ipv{family}_addr"
    key = "inet_proto . inet_service"
    remembered = f"flags dynamic,timeout; timeout 3h; size {CLIENTS};"
    yield f"clients{family}", f"type {address} . {address} . {key} . mark; {remembered}"
    yield f"port-clients{family}", f"type {address} . {key} . mark; {remembered}"
    yield f"hairpin{family}", f"type {address} . {address};"
    yield f"guarded{family}", f"type {address} . {key};"
    yield f"allowed{family}", f"type {address} . {key} . {address}; flags interval;"
    yield f"pods{family}", f"type {address}; flags interval;"
    yield f"services{family}", f"type {address}; flags interval;"


ALL_MAPS = {name: text for family in FAMILIES for name, text in _maps(family)}
ALL_SETS = {name: text for family in FAMILIES for name, text in _sets(family)}
KEPT = frozenset(name for name in ALL_SETS if "clients" in name)
"""What a full load leaves alone: which client belongs to which endpoint."""


def _per_family(family: Family) -> tuple[list[str], list[str], list[str]]:
    """What stands in `services` before and after node ports, and in `postrouting`."""
    ip = IP[family]
    key = f"{ip} daddr . meta l4proto . th dport"
    before = [
        f"{key} @guarded{family} {key} . {ip} saddr != @allowed{family} drop",
        f"{key} vmap @svc{family}",
    ]
    after = [f"{ip} daddr @services{family} fib daddr type != local goto refuse"]
    sources = [
        f"ct status dnat {ip} saddr . {ip} daddr @hairpin{family} masquerade fully-random",
        f"ct status dnat ct original {ip} daddr @services{family} {ip} saddr != @pods{family} "
        "masquerade fully-random",
    ]
    return before, after, sources


def static_chains(*, localhost: bool) -> dict[str, tuple[str, ...]]:
    """The chains that are always there. `localhost`: node ports are served on 127.0.0.1 too."""
    before, after, sources = map(list, zip(*(_per_family(family) for family in FAMILIES), strict=True))
    own = [] if localhost else ["ip daddr 127.0.0.0/8 return"]
    return {
        "refuse": ("meta l4proto tcp reject with tcp reset", "reject with icmpx port-unreachable"),
        "ports": (
            *own,
            "ip6 daddr ::1 return",
            *(f"meta nfproto ipv{f} meta l4proto . th dport vmap @port-svc{f}" for f in FAMILIES),
        ),
        "services": (
            *(rule for rules in before for rule in rules),
            "fib daddr type local jump ports",
            *(rule for rules in after for rule in rules),
        ),
        "prerouting": ("jump services",),
        "output": ("jump services",),
        "postrouting": (
            f"ct status dnat meta mark & {OURS:#x} == {FIRST | MASQUERADE:#x} masquerade fully-random",
            *(rule for rules in sources for rule in rules),
        ),
    }


def load(
    table: str,
    ranges: Ranges,
    elements: Mapping[Place, Value],
    chains: Iterable[Target],
    *,
    present: Iterable[str] = (),
    localhost: bool = True,
) -> str:
    """Everything anew; `present`: the chains the kernel holds already. Clients keep their endpoints."""
    lines = [f"add table inet {table}"]
    lines += [f"flush chain inet {table} {name}" for name in present]
    for kind, declared in (("map", ALL_MAPS), ("set", ALL_SETS)):
        for name, text in declared.items():
            lines.append(f"add {kind} inet {table} {name} {{ {text} }}")
            if name not in KEPT:
                lines.append(f"flush {kind} inet {table} {name}")
    static = static_chains(localhost=localhost)
    wanted = {target.name: chain(target) for target in chains} | static
    for name in wanted:
        hook = f" {{ {HOOKS[name]} }}" if name in HOOKS else ""
        lines.append(f"add chain inet {table} {name}{hook}")
    lines += [f"delete chain inet {table} {name}" for name in present if name not in wanted]
    for name, rules in wanted.items():
        lines += [f"add rule inet {table} {name} {rule}" for rule in rules]
    lines += _add(table, _range_elements(ranges))
    lines += _add(table, elements)
    return "\n".join(lines) + "\n"


def change(table: str, delta: Delta) -> tuple[str, ...]:
    """From one ruleset to the next: transactions to carry out one after the other.

    A transaction is atomic, but a packet looks into one map after the other: one that is under way when
    the rules change may be sent to a chain by the old rules and look for an endpoint by the new ones, and
    a connection whose first packet finds none is lost. So endpoints come before anything leads to them,
    and go when nothing does any more.
    """
    coming = {place: value for place, value in delta.added.items() if _leads_nowhere(place, delta.removed)}
    going = {place: value for place, value in delta.removed.items() if _leads_nowhere(place, delta.added)}
    before = [f"add chain inet {table} {target.name}" for target in delta.chains_added]
    for target in delta.chains_added:
        before += [f"add rule inet {table} {target.name} {rule}" for rule in chain(target)]
    before += _add(table, coming)
    switch = _delete(table, {place: each for place, each in delta.removed.items() if place not in going})
    switch += _add(table, {place: each for place, each in delta.added.items() if place not in coming})
    after = _delete(table, going)
    gone = [target.name for target in reversed(delta.chains_removed)]
    after += [f"flush chain inet {table} {name}" for name in gone]
    after += [f"delete chain inet {table} {name}" for name in gone]
    return tuple("\n".join(lines) + "\n" for lines in (before, switch, after) if lines)


def _leads_nowhere(place: Place, others: Mapping[Place, Value]) -> bool:
    """Whether an element may be there, or be missing, while nothing else has changed yet."""
    return place not in others and "svc" not in place[0]


def remove(table: str) -> str:
    """Nothing is left, whether there was something or not."""
    return f"add table inet {table}\ndelete table inet {table}\n"


def _range_elements(ranges: Ranges) -> dict[Place, Value]:
    return {
        (f"{name}{family_of(cidr)}", cidr): ""
        for name, cidrs in (("pods", ranges.pods), ("services", ranges.services))
        for cidr in cidrs
    }


def _add(table: str, elements: Mapping[Place, Value]) -> list[str]:
    return _elements(table, "add", elements)


def _delete(table: str, places: Iterable[Place]) -> list[str]:
    return _elements(table, "delete", {place: "" for place in places})


def _elements(table: str, verb: str, elements: Mapping[Place, Value]) -> list[str]:
    grouped: dict[str, list[str]] = {}
    for (name, key), value in elements.items():
        grouped.setdefault(name, []).append(f"{key} : {_text(value)}" if value else key)
    return [f"{verb} element inet {table} {name} {{ {', '.join(all_)} }}" for name, all_ in grouped.items()]


def _text(value: Value) -> str:
    return f"goto {value.name}" if isinstance(value, Target) else value
