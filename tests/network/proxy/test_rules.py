"""What a Service adds to the maps, and what its chains do, against a slow reading of the API's sentences."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from wherry.network.proxy.model import Endpoint, ServicePort, usable
from wherry.network.proxy.rules import FIRST, LOCAL, MASQUERADE, Target, chain, elements, identify

VIP, VIP6 = "10.96.0.10", "fd96::10"
KEY = f"{VIP} . tcp . 80"

endpoints = st.lists(
    st.builds(
        Endpoint,
        address=st.integers(1, 6).map(lambda last: f"10.42.0.{last}") | st.just("fd42::1"),
        port=st.sampled_from((80, 8080)),
        ready=st.booleans(),
        serving=st.booleans(),
        terminating=st.booleans(),
        local=st.sampled_from((True, False, None)),
    ),
    max_size=6,
).map(tuple)

services = st.builds(
    ServicePort,
    namespace=st.just("default"),
    name=st.sampled_from(("a", "b", "c")),
    port=st.sampled_from((80, 443)),
    created=st.sampled_from(("", "2026")),
    cluster_ips=st.sampled_from(((VIP,), (VIP6,), (VIP, VIP6))),
    external_ips=st.sampled_from(((), ("198.51.100.7",))),
    node_port=st.sampled_from((0, 30080)),
    affinity=st.sampled_from((0, 10)),
    internal_local=st.booleans(),
    external_local=st.booleans(),
    endpoints=endpoints,
)


def reachable(service: ServicePort) -> set[str]:
    """Where a connection from a pod to the IPv4 cluster address can end, by reading the maps."""
    found = elements(service)
    target = found[("svc4", f"{VIP} . tcp . {service.port}")]
    if not isinstance(target, Target):
        return {str(target)}
    ends = set()
    for side in range(target.count):
        number = f"{FIRST + side:#x}"
        if service.affinity:
            number = str(found[("ids4", f"{VIP} . tcp . {service.port} . {number}")])
        ends.add(str(found[("be4", f"{VIP} . tcp . {service.port} . {number}")]))
    return ends


@given(services)
def test_every_service_with_ready_endpoints_leads_to_exactly_these(service: ServicePort) -> None:
    if VIP not in service.cluster_ips:
        return
    known = [each for each in service.endpoints if ":" not in each.address]
    ready = [each for each in known if each.ready and (each.local or not service.internal_local)]
    if ready:
        assert reachable(service) == {f"{each.address} . {each.port}" for each in ready}


@given(services)
def test_each_side_of_the_die_has_an_endpoint(service: ServicePort) -> None:
    found = elements(service)
    for (name, key), value in found.items():
        if isinstance(value, Target):
            base, family = name.removesuffix("4").removesuffix("6"), name[-1]
            map_ = base.replace("svc", "ids" if service.affinity else "be") + family
            first = FIRST | (MASQUERADE if value.outside else 0)
            sides = [first + side for side in range(value.count)]
            sides += [FIRST + LOCAL + side for side in range(value.local or 0)]
            assert all((map_, f"{key} . {side:#x}") in found for side in sides)


@given(services)
def test_chains_only_go_to_chains_they_name(service: ServicePort) -> None:
    for value in elements(service).values():
        if isinstance(value, Target):
            names = {each.name for each in value.needs}
            gone_to = {rule.split("goto ")[1] for rule in chain(value) if "goto " in rule}
            assert gone_to == names


@given(st.lists(st.integers(0, 10**6).map(str), unique=True, max_size=300), st.data())
def test_identities_are_distinct_and_have_the_bit_for_masquerading_free(
    names: list[str], data: st.DataObject
) -> None:
    found = identify(names)
    assert len(set(found.values())) == len(names)
    assert all(number & MASQUERADE == 0 and FIRST <= number < FIRST + (1 << 24) for number in found.values())


def test_identities_outlive_other_endpoints() -> None:
    names = ["10.42.0.1 . 80", "10.42.0.2 . 80", "10.42.0.3 . 80"]
    assert identify(names[1:]).items() <= identify(names).items()


def test_no_endpoints_refuse_and_none_on_this_node_drop() -> None:
    service = ServicePort("default", "web", 80, cluster_ips=(VIP,), internal_local=True)
    assert elements(service)[("svc4", KEY)] == "goto refuse"
    elsewhere = ServicePort(
        "default",
        "web",
        80,
        cluster_ips=(VIP,),
        internal_local=True,
        endpoints=(Endpoint("10.42.1.7", 80),),
    )
    assert elements(elsewhere)[("svc4", KEY)] == "drop"


def test_a_node_port_without_local_endpoints_drops_what_comes_from_outside() -> None:
    assert chain(Target("port", 2, local=0))[-1] == "drop"


def test_far_endpoints_are_left_out_of_cluster_traffic_but_not_of_local_traffic() -> None:
    service = ServicePort(
        "default",
        "web",
        80,
        cluster_ips=(VIP,),
        node_port=30080,
        external_local=True,
        endpoints=(Endpoint("10.42.0.1", 80, local=True, near=False), Endpoint("10.42.1.1", 80)),
    )
    found = elements(service)
    assert reachable(service) == {"10.42.1.1 . 80"}
    assert found[("port-svc4", "tcp . 30080")] == Target("port", 1, local=1)


def test_source_ranges_are_merged() -> None:
    service = ServicePort(
        "default",
        "web",
        80,
        cluster_ips=(VIP,),
        load_balancer_ips=("198.51.100.7",),
        source_ranges=("10.0.0.0/8", "10.1.0.0/16", "fd00::/8"),
    )
    allowed = [key for name, key in elements(service) if name.startswith("allowed")]
    assert allowed == ["198.51.100.7 . tcp . 80 . 10.0.0.0/8"]


@given(endpoints)
def test_what_ends_is_used_only_if_nothing_is_ready(known: tuple[Endpoint, ...]) -> None:
    chosen = usable(known)
    if any(each.ready for each in known):
        assert all(each.ready for each in chosen)
    else:
        assert all(each.serving and each.terminating for each in chosen)
    assert len({(each.address, each.port) for each in chosen}) == len(chosen)
