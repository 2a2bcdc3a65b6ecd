"""PKI: a cluster's certificate authority, and the certificates and keys that its components hold.

Everything lies in one folder; what is there is kept, what is missing or about to expire is made.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFE = timedelta(days=3650)
LIFE = timedelta(days=365)
RENEW_BEFORE = timedelta(days=90)
SLACK = timedelta(minutes=5)  # clocks of other machines may be behind


@dataclass(frozen=True, slots=True)
class Identity:
    """A certificate and its key, PEM."""

    certificate: bytes
    key: bytes


class DamagedIdentity(Exception):
    """A certificate or key that nobody can read: which, and what to do."""


class Authority:
    """A CA that signs with ECDSA P-256."""

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self._certificate = x509.load_pem_x509_certificate(identity.certificate)
        key = serialization.load_pem_private_key(identity.key, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the key of the certificate authority is not an elliptic-curve key")
        self._key = key

    @property
    def certificate(self) -> bytes:
        return self.identity.certificate

    @classmethod
    def create(cls, name: str, now: datetime) -> Authority:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usage = x509.KeyUsage(
            digital_signature=True,
            key_cert_sign=True,
            crl_sign=True,
            content_commitment=False,
            key_encipherment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        )
        built = (
            _builder(subject, subject, key.public_key(), now, CA_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(usage, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(Identity(built.public_bytes(serialization.Encoding.PEM), _pem(key)))

    def issue(
        self, name: str, now: datetime, *, groups: Sequence[str] = (), hosts: Sequence[str] = ()
    ) -> Identity:
        """A certificate for a user (CN, O) and, with `hosts` (names or addresses), for a server there."""
        key = ec.generate_private_key(ec.SECP256R1())
        attributes = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group) for group in groups]
        subject = x509.Name([*attributes, x509.NameAttribute(NameOID.COMMON_NAME, name)])
        usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
        builder = _builder(subject, self._certificate.subject, key.public_key(), now, LIFE)
        if hosts:
            usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
            builder = builder.add_extension(
                x509.SubjectAlternativeName([_general(host) for host in dict.fromkeys(hosts)]), critical=False
            )
        authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        built = (
            builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
            .add_extension(authority, critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Identity(built.public_bytes(serialization.Encoding.PEM), _pem(key))


class Folder:
    """The PKI of one cluster, in a folder that only its owner reads."""

    def __init__(self, path: Path, now: datetime) -> None:
        self.path = path
        self.now = now
        path.mkdir(parents=True, exist_ok=True, mode=0o700)

    def authority(self, name: str = "ca", common_name: str = "wherry") -> Authority:
        found = self._read(name)
        if found is not None:
            try:
                return Authority(found)
            except ValueError as error:
                raise self._damaged(name, error) from None
        made = Authority.create(common_name, self.now)
        self._write(name, made.identity)
        return made

    def identity(
        self,
        file: str,
        authority: Authority,
        name: str,
        *,
        groups: Sequence[str] = (),
        hosts: Sequence[str] = (),
    ) -> Identity:
        """The identity in `file`: the one that is there if it is still good for `hosts`, else a new one."""
        found = self._read(file)
        try:
            if found is not None and self._good(found, authority, hosts):
                return found
        except ValueError as error:
            raise self._damaged(file, error) from None
        made = authority.issue(name, self.now, groups=groups, hosts=hosts)
        self._write(file, made)
        return made

    def key(self, file: str) -> bytes:
        """A private key by itself: the one that ServiceAccount tokens are signed with."""
        path = self.path / f"{file}.key"
        if path.exists():
            return path.read_bytes()
        key = _pem(ec.generate_private_key(ec.SECP256R1()))
        _write(path, key)
        return key

    def _good(self, found: Identity, authority: Authority, hosts: Sequence[str]) -> bool:
        certificate = x509.load_pem_x509_certificate(found.certificate)
        serialization.load_pem_private_key(found.key, None)
        if certificate.not_valid_after_utc - self.now < RENEW_BEFORE:
            return False
        try:
            certificate.verify_directly_issued_by(x509.load_pem_x509_certificate(authority.certificate))
        except Exception:  # each kind of mismatch has its own exception, and all mean: not ours
            return False
        if not hosts:
            return True
        try:
            names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        except x509.ExtensionNotFound:
            return False
        return {_general(host) for host in hosts} <= set(names)

    def _damaged(self, file: str, error: Exception) -> DamagedIdentity:
        return DamagedIdentity(
            f"{self.path / file}.crt or .key is damaged ({' '.join(str(error).split())[:120]}): "
            "put back a copy, or remove both files to have new ones made"
        )

    def _read(self, file: str) -> Identity | None:
        certificate, key = self.path / f"{file}.crt", self.path / f"{file}.key"
        if not (certificate.exists() and key.exists()):
            return None
        return Identity(certificate.read_bytes(), key.read_bytes())

    def _write(self, file: str, identity: Identity) -> None:
        _write(self.path / f"{file}.key", identity.key)
        _write(self.path / f"{file}.crt", identity.certificate)


def _write(path: Path, data: bytes) -> None:
    """All of it or nothing, readable by the owner alone."""
    temporary = path.with_suffix(path.suffix + ".new")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SLACK)
        .not_valid_after(now + life)
    )


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
