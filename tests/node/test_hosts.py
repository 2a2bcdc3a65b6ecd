"""Hosts: a pod's names, its hosts file and its resolver."""

from __future__ import annotations

import msgspec

from wherry.api.core.pod import Pod
from wherry.node.hosts import dns_config, hostname, hosts_file, parse_resolv_conf
from wherry.node.runtimes.interface import DNSConfig

HOST = DNSConfig(servers=("192.0.2.53",), searches=("example.org",))


def pod(**spec: object) -> Pod:
    return msgspec.convert({"metadata": {"name": "web-0", "namespace": "n"}, "spec": spec}, Pod)


def test_a_hosts_file_holds_the_pod_and_its_aliases() -> None:
    aliases = [{"ip": "10.1.1.1", "hostnames": ["a", "b"]}]
    text = hosts_file(pod(hostname="h", subdomain="s", hostAliases=aliases), ["10.0.0.5"], "cluster.local")
    assert text.startswith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")
    assert "10.0.0.5\th.s.n.svc.cluster.local\th\n" in text
    assert text.endswith("# Entries added by HostAliases.\n10.1.1.1\ta\tb\n")


def test_the_nodes_network_brings_the_nodes_hosts_file() -> None:
    text = hosts_file(pod(hostNetwork=True), ["192.0.2.1"], "cluster.local", "192.0.2.1 me\n")
    assert text == "# Kubernetes-managed hosts file (host network).\n192.0.2.1 me\n"


def test_hostnames() -> None:
    assert hostname(pod(), "cluster.local") == "web-0"
    assert hostname(pod(hostNetwork=True), "cluster.local") == ""
    long = pod(hostname="h", subdomain="s", setHostnameAsFQDN=True)
    assert hostname(long, "cluster.local") == "h.s.n.svc.cluster.local"


def test_cluster_first_asks_the_cluster_and_searches_it_first() -> None:
    found = dns_config(pod(), ["10.96.0.10"], "cluster.local", HOST)
    assert found == DNSConfig(
        servers=("10.96.0.10",),
        searches=("n.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.org"),
        options=("ndots:5",),
    )


def test_without_a_cluster_dns_the_nodes_own_is_used() -> None:
    assert dns_config(pod(), [], "cluster.local", HOST) == HOST
    assert dns_config(pod(dnsPolicy="Default"), ["10.96.0.10"], "cluster.local", HOST) == HOST
    assert dns_config(pod(hostNetwork=True), ["10.96.0.10"], "cluster.local", HOST) == HOST


def test_a_pods_own_dns_comes_on_top() -> None:
    own = {"nameservers": ["192.0.2.7"], "searches": ["x"], "options": [{"name": "ndots", "value": "2"}]}
    found = dns_config(pod(dnsPolicy="None", dnsConfig=own), ["10.96.0.10"], "cluster.local", HOST)
    assert found == DNSConfig(servers=("192.0.2.7",), searches=("x",), options=("ndots:2",))


def test_a_resolv_conf_is_read() -> None:
    text = "# a comment\nsearch old\nnameserver 192.0.2.1\nsearch a b .\noptions ndots:1 rotate\n"
    assert parse_resolv_conf(text) == DNSConfig(
        servers=("192.0.2.1",), searches=("a", "b"), options=("ndots:1", "rotate")
    )
