"""Who is who in a cluster."""

from __future__ import annotations

from ipaddress import ip_address

from cryptography import x509
from tests.cluster.conftest import NOW

from wherry.cluster.config import Config
from wherry.cluster.credentials import admin_access, node, prepare


def test_the_servers_certificate_is_good_for_every_way_to_reach_it(config: Config) -> None:
    made = prepare(config, NOW)
    certificate = x509.load_pem_x509_certificate(made.server.certificate)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    assert {"localhost", "n1", "kubernetes.default.svc"} <= set(names.get_values_for_type(x509.DNSName))
    assert {ip_address("127.0.0.1"), ip_address("10.96.0.1")} <= set(addresses)


def test_admin_is_a_master_and_a_node_is_itself(config: Config) -> None:
    admin = x509.load_pem_x509_certificate(prepare(config, NOW).admin.certificate)
    agent = x509.load_pem_x509_certificate(node(config, NOW).certificate)
    assert admin.subject.rfc4514_string() == "CN=kubernetes-admin,O=system:masters"
    assert agent.subject.rfc4514_string() == "CN=system:node:n1,O=system:nodes"


def test_credentials_are_made_once(config: Config) -> None:
    assert prepare(config, NOW) == prepare(config, NOW)


def test_access_leads_to_this_cluster(config: Config) -> None:
    access = admin_access(config, prepare(config, NOW))
    assert access.server == f"https://127.0.0.1:{config.port}"
    assert access.context == "wherry"
