"""What portmap leaves: removed when nothing is in it, left alone while a port is served."""

from __future__ import annotations

from wherry.network.hostports import is_bare, leftovers

POLICIES = """\
-P PREROUTING ACCEPT
-P INPUT ACCEPT
-P OUTPUT ACCEPT
-P POSTROUTING ACCEPT
"""
LEFT = (
    POLICIES
    + """\
-N CNI-HOSTPORT-DNAT
-N CNI-HOSTPORT-MASQ
-N CNI-HOSTPORT-SETMARK
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
"""
)
SERVED = "-A CNI-HOSTPORT-DNAT -p tcp -m multiport --dports 8080 -j CNI-DN-0123456789abcdef01234\n"


def test_jumps_go_first_and_then_the_chains() -> None:
    arguments = list(leftovers(LEFT))
    assert arguments[0] == (
        "-D",
        "PREROUTING",
        "-m",
        "addrtype",
        "--dst-type",
        "LOCAL",
        "-j",
        "CNI-HOSTPORT-DNAT",
    )
    assert arguments[1][:2] == ("-D", "POSTROUTING")
    assert "CNI portfwd requiring masquerade" in arguments[1]
    assert [each[0] for each in arguments] == ["-D", "-D", "-F", "-F", "-F", "-X", "-X", "-X"]


def test_nothing_goes_while_a_port_is_served() -> None:
    assert list(leftovers(LEFT + SERVED)) == []


def test_rules_of_others_stay() -> None:
    other = "-A POSTROUTING -s 172.17.0.0/16 -j MASQUERADE\n"
    assert not [each for each in leftovers(LEFT + other) if "172.17.0.0/16" in each]


def test_a_table_is_bare_when_it_does_nothing() -> None:
    assert is_bare(POLICIES)
    assert not is_bare(LEFT)
    assert not is_bare(POLICIES.replace("-P INPUT ACCEPT", "-P INPUT DROP"))
    assert not is_bare("")
