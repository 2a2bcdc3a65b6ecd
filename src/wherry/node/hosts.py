"""Hosts: a pod's names: its hostname, /etc/hosts and resolv.conf. Pure texts; the agent writes them."""

from __future__ import annotations

from collections.abc import Sequence

from wherry.api.core.pod import Pod
from wherry.node.runtimes.interface import DNSConfig

LONGEST_HOSTNAME = 63
MOST_SEARCHES, LONGEST_SEARCH = 32, 2048
MOST_SERVERS = 3

OWN_HEADER = "# Kubernetes-managed hosts file.\n"
HOST_HEADER = "# Kubernetes-managed hosts file (host network).\n"
LOOPBACK = (
    "127.0.0.1\tlocalhost\n"
    "::1\tlocalhost ip6-localhost ip6-loopback\n"
    "fe00::\tip6-localnet\n"
    "fe00::\tip6-mcastprefix\n"
    "fe00::1\tip6-allnodes\n"
    "fe00::2\tip6-allrouters\n"
)


def hostname(pod: Pod, cluster_domain: str) -> str:
    """What the pod calls itself; "" in the node's network, where the name is the node's and not to be set."""
    if pod.spec.hostNetwork:
        return ""
    if pod.spec.hostnameOverride:
        return pod.spec.hostnameOverride
    short = short_hostname(pod)
    domain = full_domain(pod, cluster_domain)
    return f"{short}.{domain}" if pod.spec.setHostnameAsFQDN and domain else short


def short_hostname(pod: Pod) -> str:
    if pod.spec.hostname:
        return pod.spec.hostname
    return pod.metadata.name[:LONGEST_HOSTNAME].rstrip("-.")


def full_domain(pod: Pod, cluster_domain: str) -> str:
    if not pod.spec.subdomain:
        return ""
    return f"{pod.spec.subdomain}.{pod.metadata.namespace}.svc.{cluster_domain}"


def hosts_file(pod: Pod, ips: Sequence[str], cluster_domain: str, host_file: str = "") -> str:
    """The text of /etc/hosts. In the node's network it begins with the node's own (`host_file`)."""
    text = HOST_HEADER + host_file if pod.spec.hostNetwork else OWN_HEADER + LOOPBACK
    if not pod.spec.hostNetwork:
        name, domain = short_hostname(pod), full_domain(pod, cluster_domain)
        if pod.spec.hostnameOverride:
            name, domain = pod.spec.hostnameOverride, ""
        for ip in ips:
            text += f"{ip}\t{name}.{domain}\t{name}\n" if domain else f"{ip}\t{name}\n"
    if pod.spec.hostAliases:
        text += "\n# Entries added by HostAliases.\n"
        for alias in pod.spec.hostAliases:
            text += "\t".join((alias.ip, *alias.hostnames)) + "\n"
    return text


def dns_config(pod: Pod, cluster_dns: Sequence[str], cluster_domain: str, host: DNSConfig) -> DNSConfig:
    """Name servers and search domains by the pod's dnsPolicy, its dnsConfig on top."""
    policy = pod.spec.dnsPolicy
    if policy == "ClusterFirst" and pod.spec.hostNetwork:
        policy = "Default"
    if policy == "None":
        base = DNSConfig()
    elif policy == "Default" or not cluster_dns:
        base = host
    else:
        namespace = pod.metadata.namespace
        own = (f"{namespace}.svc.{cluster_domain}", f"svc.{cluster_domain}", cluster_domain)
        base = DNSConfig(
            servers=tuple(cluster_dns), searches=_distinct((*own, *host.searches)), options=("ndots:5",)
        )
    return _bounded(_extended(base, pod))


def _extended(base: DNSConfig, pod: Pod) -> DNSConfig:
    more = pod.spec.dnsConfig
    if more is None:
        return base
    options = {_option_name(option): option for option in base.options}
    for option in more.options:
        options[option.name] = f"{option.name}:{option.value}" if option.value else option.name
    return DNSConfig(
        servers=_distinct((*base.servers, *more.nameservers)),
        searches=_distinct((*base.searches, *more.searches)),
        options=tuple(options.values()),
    )


def _option_name(option: str) -> str:
    return option.partition(":")[0]


def _bounded(config: DNSConfig) -> DNSConfig:
    """What resolvers take: no more than three servers, and search lines of bounded length."""
    searches = config.searches[:MOST_SEARCHES]
    while len(" ".join(searches)) > LONGEST_SEARCH:
        searches = searches[:-1]
    return DNSConfig(servers=config.servers[:MOST_SERVERS], searches=searches, options=config.options)


def _distinct(words: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))


def parse_resolv_conf(text: str) -> DNSConfig:
    """A resolv.conf: the last `search` line counts, options add up."""
    servers: list[str] = []
    searches: tuple[str, ...] = ()
    options: list[str] = []
    for line in text.splitlines():
        words = line.split("#", 1)[0].split(";", 1)[0].split()
        match words:
            case ["nameserver", server, *_]:
                servers.append(server)
            case ["search", *domains]:
                searches = tuple(domain for domain in domains if domain != ".")
            case ["options", *more]:
                options += more
    return DNSConfig(servers=tuple(servers), searches=searches, options=_distinct(options))
