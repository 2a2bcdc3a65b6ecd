"""CRI requests: that what the agent asks reaches the wire."""

from __future__ import annotations

from wherry.node.runtimes import interface as ours
from wherry.node.runtimes.cri import containers, requests, sandboxes
from wherry.node.runtimes.protobuf import decode, encode


def test_a_sandbox_keeps_all_that_is_said_of_it() -> None:
    made = requests.sandbox_config(
        ours.SandboxConfig(
            name="web",
            namespace="default",
            uid="u",
            attempt=3,
            hostname="web",
            log_directory="/logs",
            dns=ours.DNSConfig(servers=("10.96.0.10",), searches=("cluster.local",), options=("ndots:5",)),
            ports=(ours.PortMapping(container_port=53, host_port=5353, protocol="UDP", host_ip="10.0.0.1"),),
            labels={"app": "web"},
            annotations={"a": "b"},
            cgroup_parent="/wherry/pod1",
            sysctls={"net.core.somaxconn": "1024"},
            namespaces=ours.Namespaces(
                network=ours.NamespaceMode.NODE, user=(ours.IDMapping(host_id=1, container_id=0, length=9),)
            ),
            security=ours.SecurityContext(run_as_user=0, supplemental_groups=(1, 2)),
        )
    )
    seen = decode(sandboxes.PodSandboxConfig, encode(made))
    assert seen == made
    assert seen.metadata == sandboxes.PodSandboxMetadata(name="web", uid="u", namespace="default", attempt=3)
    assert seen.port_mappings[0].protocol == 1
    assert seen.linux is not None
    assert seen.linux.security_context is not None
    assert seen.linux.security_context.namespace_options is not None
    assert seen.linux.security_context.namespace_options.network == 2
    assert seen.linux.security_context.supplemental_groups == (1, 2)


def test_user_zero_is_not_the_same_as_no_user() -> None:
    def user(context: ours.SecurityContext) -> object:
        config = ours.ContainerConfig(name="a", image="b", security=context)
        seen = decode(containers.ContainerConfig, encode(requests.container_config(config)))
        assert seen.linux is not None
        assert seen.linux.security_context is not None
        return seen.linux.security_context.run_as_user

    assert user(ours.SecurityContext()) is None
    assert user(ours.SecurityContext(run_as_user=0)) is not None


def test_the_default_seccomp_profile_is_not_the_same_as_none() -> None:
    """RuntimeDefault is the zero of its enumeration: an empty message that must be sent."""
    profile = ours.SecurityProfile(type=ours.ProfileType.RUNTIME_DEFAULT)
    config = ours.ContainerConfig(name="a", image="b", security=ours.SecurityContext(seccomp=profile))
    seen = decode(containers.ContainerConfig, encode(requests.container_config(config)))
    assert seen.linux is not None
    assert seen.linux.security_context is not None
    assert seen.linux.security_context.seccomp is not None


def test_a_container_keeps_all_that_is_said_of_it() -> None:
    made = requests.container_config(
        ours.ContainerConfig(
            name="main",
            image="sha256:1",
            command=("a",),
            args=("b",),
            env=(("X", "1"), ("X", "2")),
            mounts=(
                ours.Mount(
                    container_path="/data",
                    host_path="/host",
                    readonly=True,
                    propagation=ours.Propagation.BIDIRECTIONAL,
                ),
                ours.Mount(container_path="/image", image="sha256:2", image_sub_path="etc"),
            ),
            devices=(ours.Device(container_path="/dev/x", host_path="/dev/y"),),
            cdi_devices=("vendor/gpu=1",),
            resources=ours.Resources(memory_limit=1 << 30, hugepage_limits={"2MB": 4 << 20}),
            stop_signal="SIGRTMIN+3",
        )
    )
    seen = decode(containers.ContainerConfig, encode(made))
    assert seen == made
    assert [(pair.key, pair.value) for pair in seen.envs] == [("X", "1"), ("X", "2")]
    assert seen.mounts[0].propagation == 2
    assert seen.mounts[1].image is not None
    assert seen.stop_signal == 38


def test_signals_have_the_numbers_of_the_enumeration() -> None:
    expected = {"SIGHUP": 8, "SIGKILL": 13, "SIGTERM": 23, "SIGUSR1": 29, "SIGRTMAX-14": 51, "SIGRTMAX": 65}
    assert {name: containers.SIGNALS.index(name) for name in expected} == expected
