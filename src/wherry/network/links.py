"""Links: the node's bridge, its addresses and routes, by netlink. All calls block."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_interface
from typing import Any
from zlib import crc32

from wherry.network.errors import NetworkError


def mac_of(bridge: str) -> str:
    """A fixed address, locally administered: a bridge without one changes it with its ports."""
    number = crc32(bridge.encode())
    return "0a:58:" + ":".join(f"{byte:02x}" for byte in number.to_bytes(4, "big"))


def ensure_bridge(bridge: str, addresses: Sequence[str], routes: Sequence[str], mtu: int) -> None:
    """The bridge is there and up, with these addresses (and prefixes), and these ranges lie behind it."""
    with _netlink() as netlink:
        index = _index(netlink, bridge)
        if index is None:
            netlink.link("add", ifname=bridge, kind="bridge", address=mac_of(bridge))
            index = _index(netlink, bridge)
            assert index is not None
        settings: dict[str, Any] = {"mtu": mtu} if mtu else {}
        netlink.link("set", index=index, state="up", address=mac_of(bridge), **settings)
        for address in addresses:
            netlink.addr("replace", index=index, **_address(address))
        families = {_family(address) for address in addresses}
        for route in (each for each in routes if _family(each) in families):
            netlink.route("replace", dst=route, oif=index, family=_family(route), **_source(route, addresses))


def remove_bridge(bridge: str) -> None:
    """Away with the bridge and the pods' ends at it; its addresses and routes go with it."""
    with _netlink() as netlink:
        index = _index(netlink, bridge)
        if index is None:
            return
        for port in netlink.get_links(master=index):
            netlink.link("del", index=port["index"])
        netlink.link("del", index=index)


def default_devices() -> list[str]:
    """The devices over which IPv6 default routes go."""
    with _netlink() as netlink:
        indices = {route.get_attr("RTA_OIF") for route in netlink.get_default_routes(family=10)}
        return [link.get_attr("IFLA_IFNAME") for link in netlink.get_links() if link["index"] in indices]


def _netlink() -> Any:
    from pyroute2 import IPRoute  # takes a tenth of a second

    try:
        return IPRoute()
    except OSError as error:
        raise NetworkError(f"the kernel's network settings cannot be reached: {error}") from None


def _index(netlink: Any, name: str) -> int | None:
    found = netlink.link_lookup(ifname=name)
    return int(found[0]) if found else None


def _family(address: str) -> int:
    return 10 if ":" in address else 2


def _address(text: str) -> dict[str, Any]:
    interface = ip_interface(text)
    found = {
        "address": str(interface.ip),
        "prefixlen": interface.network.prefixlen,
        "family": _family(text),
    }
    if interface.version == 6:
        found["flags"] = 0x02  # IFA_F_NODAD: it is to be used at once
    return found


def _source(route: str, addresses: Sequence[str]) -> dict[str, str]:
    """The host speaks to Services as the bridge: an address that all pods can answer."""
    if ":" in route:
        return {}
    return next(({"prefsrc": each.partition("/")[0]} for each in addresses if ":" not in each), {})
