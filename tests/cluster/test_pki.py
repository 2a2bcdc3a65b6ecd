"""Certificates are made once, kept while they are good, and made anew before they are not."""

from __future__ import annotations

import stat
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from tests.cluster.conftest import NOW

from wherry.cluster.pki import LIFE, RENEW_BEFORE, Authority, DamagedIdentity, Folder


def certificate(pem: bytes) -> x509.Certificate:
    return x509.load_pem_x509_certificate(pem)


def test_what_an_authority_issues_names_user_groups_and_hosts() -> None:
    authority = Authority.create("test-ca", NOW)
    issued = authority.issue("jane", NOW, groups=("dev", "ops"), hosts=("localhost", "127.0.0.1", "::1"))
    found = certificate(issued.certificate)
    found.verify_directly_issued_by(certificate(authority.certificate))
    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert found.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value == "jane"
    groups = found.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert [group.value for group in groups] == ["dev", "ops"]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert names.get_values_for_type(x509.IPAddress) == [ip_address("127.0.0.1"), ip_address("::1")]


def test_only_a_certificate_with_hosts_is_a_servers() -> None:
    authority = Authority.create("test-ca", NOW)

    def usages(*hosts: str) -> set[x509.ObjectIdentifier]:
        found = certificate(authority.issue("x", NOW, hosts=hosts).certificate)
        return set(found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value)

    assert usages() == {ExtendedKeyUsageOID.CLIENT_AUTH}
    assert usages("localhost") == {ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH}


def test_only_the_authority_may_sign() -> None:
    authority = Authority.create("test-ca", NOW)

    def may_sign(pem: bytes) -> bool:
        return certificate(pem).extensions.get_extension_for_class(x509.BasicConstraints).value.ca

    assert may_sign(authority.certificate)
    assert not may_sign(authority.issue("x", NOW).certificate)


def test_a_folder_gives_back_what_is_in_it(tmp_path: Path) -> None:
    def all_of(folder: Folder) -> tuple[object, ...]:
        authority = folder.authority()
        return authority.identity, folder.identity("admin", authority, "admin"), folder.key("sa")

    assert all_of(Folder(tmp_path / "pki", NOW)) == all_of(Folder(tmp_path / "pki", NOW))


def test_only_the_owner_reads_keys(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "pki", NOW)
    folder.identity("admin", folder.authority(), "admin")
    folder.key("sa")
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()} == {0o600}
    assert len(list(folder.path.iterdir())) == 5


def test_a_certificate_near_its_end_is_made_anew(tmp_path: Path) -> None:
    first = Folder(tmp_path, NOW)
    made = first.identity("admin", first.authority(), "admin")
    before = Folder(tmp_path, NOW + LIFE - RENEW_BEFORE - timedelta(days=1))
    assert before.identity("admin", before.authority(), "admin") == made
    after = Folder(tmp_path, NOW + LIFE - RENEW_BEFORE + timedelta(days=1))
    renewed = after.identity("admin", after.authority(), "admin")
    assert renewed != made
    assert certificate(renewed.certificate).not_valid_after_utc > after.now + RENEW_BEFORE


def test_a_certificate_for_another_host_is_made_anew(tmp_path: Path) -> None:
    folder = Folder(tmp_path, NOW)
    authority = folder.authority()
    made = folder.identity("server", authority, "server", hosts=("localhost", "192.0.2.1"))
    assert folder.identity("server", authority, "server", hosts=("localhost",)) == made
    assert folder.identity("server", authority, "server", hosts=("localhost", "192.0.2.2")) != made


def test_a_certificate_of_another_authority_is_made_anew(tmp_path: Path) -> None:
    folder = Folder(tmp_path, NOW)
    made = folder.identity("admin", folder.authority(), "admin")
    (tmp_path / "ca.crt").unlink()
    assert folder.identity("admin", folder.authority(), "admin") != made


@pytest.mark.parametrize("file", ["ca.crt", "ca.key", "admin.crt", "admin.key"])
def test_a_damaged_file_is_named(tmp_path: Path, file: str) -> None:
    folder = Folder(tmp_path, NOW)
    folder.identity("admin", folder.authority(), "admin")
    (tmp_path / file).write_bytes(b"-----BEGIN nonsense")
    with pytest.raises(DamagedIdentity, match=file.partition(".")[0]):
        folder.identity("admin", folder.authority(), "admin")
