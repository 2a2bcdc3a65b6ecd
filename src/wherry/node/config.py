"""Config: what a node agent is told when it is started."""

from __future__ import annotations

from pathlib import Path

from wherry.node.runtimes.interface import Value


class AgentConfig(Value):
    """Names, places and limits of one node.

    data_folder: the agent's own; pods live below it. log_folder: where the containers' logs go.
    certificate, key, client_ca: PEM files; without them the agent's own server does not start.
    """

    node_name: str
    data_folder: Path
    node_ip: str = "127.0.0.1"
    node_ips: tuple[str, ...] = ()  # both families, where there are two
    log_folder: Path | None = None
    cluster_dns: tuple[str, ...] = ()
    cluster_domain: str = "cluster.local"
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    clients: tuple[str, ...] = ("kube-apiserver-kubelet-client",)  # who may use the agent's server, by CN
    port: int = 10250
    address: str = "0.0.0.0"
    pod_cidr: str = ""
    max_pods: int = 110
    cgroup_root: str = "/wherry"
    labels: tuple[tuple[str, str], ...] = ()
    taints: tuple[tuple[str, str, str], ...] = ()  # key, value, effect
    register: bool = True
    version: str = "v1.37.0"
    resolv_conf: Path = Path("/etc/resolv.conf")
    seccomp_folder: str = "/var/lib/kubelet/seccomp"
    may_mount: bool = True  # whether this process may mount file systems and make cgroups: needs root
    container_log_size: int = 10 * 1024 * 1024  # bytes
    container_log_files: int = 5

    @property
    def host_ips(self) -> tuple[str, ...]:
        return self.node_ips or (self.node_ip,)

    @property
    def logs(self) -> Path:
        return self.log_folder or self.data_folder / "logs"

    @property
    def pods(self) -> Path:
        return self.data_folder / "pods"

    def pod_folder(self, uid: str) -> Path:
        return self.pods / uid

    def pod_logs(self, namespace: str, name: str, uid: str) -> Path:
        return self.logs / f"{namespace}_{name}_{uid}"
