import pytest

from wherry.machinery.addresses import (
    LOOSE_BITS,
    MAPPED_CIDR,
    MAPPED_IP,
    NOT_CIDR,
    NOT_IP,
    NOT_IPV4,
    NOT_IPV6,
    ZEROS_CIDR,
    ZEROS_IP,
    canonical_ip,
    check_cidr,
    check_ip,
    check_ipv4,
    check_ipv6,
)


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ("10.0.0.1", []),
        ("2001:db8::1", []),
        ("10.0.0", [NOT_IP]),
        ("10.0.0.256", [NOT_IP]),
        ("fe80::1%eth0", [NOT_IP]),
        ("", [NOT_IP]),
        ("010.0.0.1", [ZEROS_IP]),
        ("::ffff:10.0.0.1", [MAPPED_IP]),
    ],
)
def test_addresses(value: str, errors: list[str]) -> None:
    assert check_ip(value) == errors


@pytest.mark.parametrize(
    ("value", "errors"),
    [
        ("10.0.0.0/8", []),
        ("2001:db8::/64", []),
        ("10.0.0.0", [NOT_CIDR]),
        ("10.0.0.0/33", [NOT_CIDR]),
        ("10.0.0.0/255.0.0.0", [NOT_CIDR]),
        ("10.0.0.0/08", [ZEROS_CIDR]),
        ("010.0.0.0/8", [ZEROS_CIDR]),
        ("10.0.0.1/8", [LOOSE_BITS]),
        ("::ffff:10.0.0.0/104", [MAPPED_CIDR]),
    ],
)
def test_ranges(value: str, errors: list[str]) -> None:
    assert check_cidr(value) == errors


def test_families() -> None:
    assert check_ipv4("10.0.0.1") == []
    assert check_ipv4("::1") == [NOT_IPV4]
    assert check_ipv6("::1") == []
    assert check_ipv6("10.0.0.1") == [NOT_IPV6]


def test_canonical_form() -> None:
    assert canonical_ip("2001:DB8:0::0001") == "2001:db8::1"
