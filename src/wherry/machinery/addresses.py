"""Addresses: which IP addresses and ranges the API takes. A check returns what is wrong."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

NOT_IP = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
NOT_IPV4 = "must be a valid IPv4 address"
NOT_IPV6 = "must be a valid IPv6 address"
NOT_CIDR = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
MAPPED_IP = "must not be an IPv4-mapped IPv6 address"
MAPPED_CIDR = "must not have an IPv4-mapped IPv6 address"
ZEROS_IP = "must not have leading 0s"
ZEROS_CIDR = "must not have leading 0s in IP or prefix length"
LOOSE_BITS = "must not have bits set beyond the prefix length"

_LEADING_ZEROS = re.compile(r"(?<![0-9a-fA-F:])0+(?=[0-9])")


def check_ip(value: str) -> list[str]:
    """One address, of either family."""
    try:
        address = ip_address(value)
    except ValueError:
        return [ZEROS_IP if _is_ip(_LEADING_ZEROS.sub("", value)) else NOT_IP]
    if "%" in value:
        return [NOT_IP]
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return [MAPPED_IP]
    return []


def check_ipv4(value: str) -> list[str]:
    return [] if _is_ip(value) and ":" not in value else [NOT_IPV4]


def check_ipv6(value: str) -> list[str]:
    return [] if _is_ip(value) and ":" in value else [NOT_IPV6]


def _is_ip(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return "%" not in value


def check_cidr(value: str) -> list[str]:
    """A range of addresses, written with its first address."""
    network = _network(value)
    if network is None:
        return [ZEROS_CIDR if _network(_LEADING_ZEROS.sub("", value)) else NOT_CIDR]
    if re.search("/0[0-9]", value):
        return [ZEROS_CIDR]
    first = ip_address(value.partition("/")[0])
    errors = [LOOSE_BITS] if first != network.network_address else []
    if isinstance(first, IPv6Address) and first.ipv4_mapped is not None:
        errors.append(MAPPED_CIDR)
    return errors


def _network(value: str) -> IPv4Network | IPv6Network | None:
    address, _, length = value.partition("/")
    if not length.isascii() or not length.isdigit() or "%" in address:
        return None
    try:
        return ip_network(value, strict=False)
    except ValueError:
        return None


def canonical_ip(value: str) -> str:
    """An address as the API prefers it: RFC 5952 for IPv6."""
    return str(ip_address(value))


def check_endpoint(value: str) -> list[str]:
    """An address that something can be reached at from other machines."""
    if errors := check_ip(value):
        return errors
    address = ip_address(value)
    if address.is_unspecified:
        return [f"may not be unspecified ({value})"]
    if address.is_loopback:
        return ["may not be in the loopback range (127.0.0.0/8, ::1/128)"]
    if address.is_link_local:
        return ["may not be in the link-local range (169.254.0.0/16, fe80::/10)"]
    if address.is_multicast and address in _LOCAL_MULTICAST[address.version]:
        return ["may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"]
    return []


_LOCAL_MULTICAST = {4: ip_network("224.0.0.0/24"), 6: ip_network("ff02::/16")}
