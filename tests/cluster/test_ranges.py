"""Address ranges that a cluster could not have for itself."""

from __future__ import annotations

from wherry.cluster.ranges import Overlap, overlaps

TABLE = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
wherry-b0\t0000F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
"""


def test_a_range_that_leads_elsewhere_is_named_with_its_route() -> None:
    assert list(overlaps(["10.244.0.0/16"], TABLE)) == [
        Overlap("10.244.0.0/16", "10.244.0.0/24", "wherry-b0")
    ]


def test_behind_the_default_route_there_is_room() -> None:
    assert list(overlaps(["10.96.0.0/16", "10.243.0.0/16"], TABLE)) == []


def test_a_route_to_more_than_the_range_does_no_harm() -> None:
    assert list(overlaps(["192.0.2.128/25"], TABLE)) == []
    assert [each.device for each in overlaps(["192.0.2.0/24"], TABLE)] == ["eth0"]


def test_ranges_of_ipv6_are_not_in_this_table() -> None:
    assert list(overlaps(["fd00::/64"], TABLE)) == []
