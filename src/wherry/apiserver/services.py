"""Services: addresses and node ports, given out once each.

What is taken is known from the Services that exist; nothing else is stored, so nothing can leak. A draw
starts at a random place, so that an address just freed is not given to somebody else at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network
from typing import Any

from wherry.api.core.service import Service
from wherry.api.registry import Resource, resource_for
from wherry.apiserver.call import Call
from wherry.apiserver.hub import Hub
from wherry.apiserver.write import Hooks
from wherry.machinery.clock import Clock
from wherry.machinery.errors import ErrorType, FieldError, InternalError, invalid, invalid_object
from wherry.machinery.schema import Tree

NODE_PORTS = range(30000, 32768)
# The first addresses of a range are for those who ask for one by name (DNS), as upstream keeps them.
RESERVED_SHARE = 16
RESERVED_MOST = 256
Undo = Callable[[], None]


def _nothing() -> None:
    return None


class ServiceHooks(Hooks):
    """Gives Services what they need and takes back what they no longer have."""

    def __init__(self, cidr: str, clock: Clock, node_ports: range = NODE_PORTS) -> None:
        network = ip_network(cidr)
        if not isinstance(network, IPv4Network):
            raise ValueError(f"the service range {cidr} is not an IPv4 network")
        self.network = network
        self.node_ports = node_ports
        self.clock = clock
        self.addresses: set[str] = set()
        self.ports: set[tuple[str, int]] = set()
        self._resource = resource_for(Service)

    @property
    def kubernetes(self) -> str:
        """The address of the Service `kubernetes`: the first of the range."""
        return str(self.network[1])

    def attach(self, hub: Hub) -> None:
        self._hub = hub

    def load(self) -> None:
        """Take note of what the stored Services have. Call once the hub has loaded."""
        for entry in self._hub.cache(self._resource).entries.values():
            tree = entry.tree
            self.addresses.update(_addresses(tree))
            self.ports.update(_ports(tree))

    def before_create(self, call: Call, tree: Tree) -> Undo:
        if call.resource is not self._resource:
            return _nothing
        return self._assign(call, tree, None)

    def before_update(self, call: Call, tree: Tree, old: Tree) -> Undo:
        if call.resource is not self._resource or call.subresource:
            return _nothing
        spec, before = tree["spec"], old["spec"]
        if spec.get("type") != "ExternalName" and before.get("type") != "ExternalName":
            for field in ("clusterIP", "clusterIPs"):
                if not spec.get(field) and before.get(field):
                    spec[field] = before[field]
            for field in ("ipFamilies", "ipFamilyPolicy"):
                if not spec.get(field) and before.get(field):
                    spec[field] = before[field]
        if _wants_ports(spec):
            _keep_ports(spec, before)
        return self._assign(call, tree, old)

    def after_update(self, call: Call, tree: Tree, old: Tree) -> None:
        if call.resource is self._resource:
            self._release(set(_addresses(old)) - set(_addresses(tree)), set(_ports(old)) - set(_ports(tree)))

    def after_delete(self, resource: Resource, tree: Tree) -> None:
        if resource is self._resource:
            self._release(set(_addresses(tree)), set(_ports(tree)))

    def _release(self, addresses: set[str], ports: set[tuple[str, int]]) -> None:
        self.addresses -= addresses
        self.ports -= ports

    def _assign(self, call: Call, tree: Tree, old: Tree | None) -> Undo:
        had_addresses = set(_addresses(old)) if old else set()
        had_ports = set(_ports(old)) if old else set()
        taken_addresses: set[str] = set()
        taken_ports: set[tuple[str, int]] = set()

        def undo() -> None:
            self._release(taken_addresses, taken_ports)

        try:
            self._assign_address(call, tree["spec"], had_addresses, taken_addresses)
            self._assign_ports(call, tree["spec"], had_ports, taken_ports)
        except BaseException:
            undo()
            raise
        if call.dry_run:
            undo()
        return undo

    def _assign_address(self, call: Call, spec: dict[str, Any], had: set[str], taken: set[str]) -> None:
        if spec.get("type") == "ExternalName":
            for field in ("clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"):
                spec.pop(field, None)
            return
        wanted = spec.get("clusterIP") or next(iter(spec.get("clusterIPs") or ()), "")
        if not wanted:
            wanted = self._draw_address()
            taken.add(wanted)
        elif wanted != "None" and wanted not in had:
            self._check_address(call, wanted)
            self.addresses.add(wanted)
            taken.add(wanted)
        spec["clusterIP"] = wanted
        spec["clusterIPs"] = [wanted]
        spec.setdefault("ipFamilies", ["IPv4"])
        selectorless = wanted == "None" and not spec.get("selector")
        spec.setdefault("ipFamilyPolicy", "RequireDualStack" if selectorless else "SingleStack")
        if spec["ipFamilyPolicy"] == "RequireDualStack" and selectorless:
            spec["ipFamilies"] = ["IPv4", "IPv6"]

    def _check_address(self, call: Call, wanted: str) -> None:
        try:
            address = ip_address(wanted)
        except ValueError:
            return  # validation says what is wrong with it
        if address not in self.network:
            why = (
                f"failed to allocate IP {wanted}: the provided IP is not in the valid range. "
                f"The range of valid IPs is {self.network}"
            )
        elif wanted in self.addresses:
            why = f"failed to allocate IP {wanted}: provided IP is already allocated"
        else:
            return
        raise invalid_object("Service", call.name, [invalid("spec.clusterIPs", [wanted], why)])

    def _draw_address(self) -> str:
        size = self.network.num_addresses
        reserved = min(max(size // RESERVED_SHARE, 16), RESERVED_MOST) if size > 32 else 1
        first, last = int(self.network.network_address) + 1, int(self.network.broadcast_address) - 1
        upper = range(min(first + reserved, last), last + 1)
        start = int(self.clock.random() * len(upper))
        for numbers in (_around(upper, start), iter(range(first, upper.start))):
            for number in numbers:
                address = str(IPv4Address(number))
                if address not in self.addresses:
                    self.addresses.add(address)
                    return address
        raise InternalError(
            f"Internal error occurred: failed to allocate a serviceIP: range {self.network} is full"
        )

    def _assign_ports(
        self, call: Call, spec: dict[str, Any], had: set[tuple[str, int]], taken: set[tuple[str, int]]
    ) -> None:
        if not _wants_ports(spec):
            for port in spec.get("ports") or ():
                port.pop("nodePort", None)
            return
        shared: dict[int, int] = {}  # one node port serves a port's TCP and UDP alike
        for index, port in enumerate(spec.get("ports") or ()):
            protocol = port.get("protocol", "TCP")
            wanted = port.get("nodePort")
            if not wanted:
                candidate = shared.get(port["port"], 0)
                wanted = (
                    candidate
                    if candidate and (protocol, candidate) not in self.ports
                    else self._draw_port(protocol)
                )
                port["nodePort"] = wanted
                self.ports.add((protocol, wanted))
                taken.add((protocol, wanted))
            elif (protocol, wanted) not in had and (protocol, wanted) not in taken:
                self._check_port(call, index, protocol, wanted)
                self.ports.add((protocol, wanted))
                taken.add((protocol, wanted))
            shared[port["port"]] = wanted

    def _check_port(self, call: Call, index: int, protocol: str, wanted: int) -> None:
        path = f"spec.ports[{index}].nodePort"
        if wanted not in self.node_ports:
            first, last = self.node_ports.start, self.node_ports.stop - 1
            why = f"provided port is not in the valid range. The range of valid ports is {first}-{last}"
        elif (protocol, wanted) in self.ports:
            why = "provided port is already allocated"
        else:
            return
        raise invalid_object("Service", call.name, [FieldError(path, why, wanted, ErrorType.Invalid)])

    def _draw_port(self, protocol: str) -> int:
        start = int(self.clock.random() * len(self.node_ports))
        for port in _around(self.node_ports, start):
            if (protocol, port) not in self.ports:
                return port
        raise InternalError("Internal error occurred: failed to allocate a nodePort: range is full")


def _around(numbers: range, start: int) -> Iterator[int]:
    yield from numbers[start:]
    yield from numbers[:start]


def _wants_ports(spec: dict[str, Any]) -> bool:
    kind = spec.get("type")
    return kind == "NodePort" or (kind == "LoadBalancer" and spec.get("allocateLoadBalancerNodePorts", True))


def _keep_ports(spec: dict[str, Any], before: dict[str, Any]) -> None:
    """A port that says no node port keeps the one it has."""
    known = {
        (p.get("name", ""), p.get("protocol"), p.get("port")): p.get("nodePort")
        for p in before.get("ports") or ()
    }
    for port in spec.get("ports") or ():
        if not port.get("nodePort"):
            kept = known.get((port.get("name", ""), port.get("protocol"), port.get("port")))
            if kept:
                port["nodePort"] = kept


def _addresses(tree: Tree) -> Iterator[str]:
    for address in (tree.get("spec") or {}).get("clusterIPs") or ():
        if address != "None":
            yield address


def _ports(tree: Tree) -> Iterator[tuple[str, int]]:
    for port in (tree.get("spec") or {}).get("ports") or ():
        if port.get("nodePort"):
            yield port.get("protocol", "TCP"), port["nodePort"]
