"""What a Pod asks for as a whole."""

from __future__ import annotations

from wherry.api.core.container import Container, ResourceRequirements
from wherry.api.core.pod import Pod, PodSpec
from wherry.api.core.podresources import UNIT, amounts, pod_limits, pod_requests


def container(cpu: str = "", restartPolicy: str = "") -> Container:
    asked = ResourceRequirements(requests={"cpu": cpu} if cpu else {}, limits={"cpu": cpu} if cpu else {})
    return Container(name="c", resources=asked, restartPolicy=restartPolicy)


def test_containers_are_summed() -> None:
    pod = Pod(spec=PodSpec(containers=(container("100m"), container("1"))))
    assert pod_requests(pod) == pod_limits(pod) == {"cpu": 1100 * UNIT // 1000}


def test_sidecars_count_throughout_and_init_containers_at_their_peak() -> None:
    inits = (container("50m", "Always"), container("300m"))
    pod = Pod(spec=PodSpec(containers=(container("100m"),), initContainers=inits))
    assert pod_requests(pod) == {"cpu": 350 * UNIT // 1000}


def test_what_the_pod_says_itself_stands_and_overhead_comes_on_top() -> None:
    own = ResourceRequirements(requests={"cpu": "2"})
    pod = Pod(spec=PodSpec(containers=(container("100m"),), resources=own, overhead={"cpu": "1"}))
    assert pod_requests(pod) == {"cpu": 3 * UNIT}


def test_zeros_are_left_out() -> None:
    assert amounts({"cpu": "0", "memory": "1Ki"}) == {"memory": 1024 * UNIT}
