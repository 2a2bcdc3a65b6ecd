"""Tokens: ServiceAccount tokens, signed and checked: JSON Web Tokens, ECDSA P-256 (RFC 7515, 7518, 7519)."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

PRIVATE = "kubernetes.io"
SIZE = 32  # bytes of one coordinate on P-256
REMEMBERED = 4096  # tokens whose signature need not be checked again


class TokenError(ValueError):
    """The token is not one of ours, or no longer good."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a token is about: an account and, if it is bound to one, an object without which it is void."""

    namespace: str
    account: str
    account_uid: str
    kind: str = ""
    name: str = ""
    uid: str = ""
    node: str = ""
    node_uid: str = ""


class TokenIssuer:
    """Signs and verifies with one key."""

    def __init__(self, key_pem: bytes, issuer: str, audiences: Sequence[str]) -> None:
        key = serialization.load_pem_private_key(key_pem, None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):
            raise ValueError("the service account key is not an elliptic-curve key")
        self.key = key
        self.public = key.public_key()
        self.issuer = issuer
        self.audiences = tuple(audiences)
        der = self.public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        self.key_id = _b64(hashlib.sha256(der).digest())
        self._known: dict[str, Mapping[str, Any]] = {}

    def issue(
        self,
        bound: Bound,
        audiences: Sequence[str],
        now: datetime,
        seconds: int,
        token_id: str,
        *,
        warn_after: int | None = None,
    ) -> str:
        """A signed token. `warn_after`: from when on (Unix time) its use is frowned upon; it still works."""
        start = int(now.timestamp())
        private: dict[str, Any] = {
            "namespace": bound.namespace,
            "serviceaccount": {"name": bound.account, "uid": bound.account_uid},
        }
        if bound.kind:
            private[bound.kind.lower()] = {"name": bound.name, "uid": bound.uid}
        if bound.node:
            private["node"] = {"name": bound.node, "uid": bound.node_uid}
        if warn_after is not None:
            private["warnafter"] = warn_after
        claims = {
            "aud": list(audiences),
            "exp": start + seconds,
            "iat": start,
            "iss": self.issuer,
            "jti": token_id,
            PRIVATE: private,
            "nbf": start,
            "sub": f"system:serviceaccount:{bound.namespace}:{bound.account}",
        }
        return self._signed(claims)

    def _signed(self, claims: Mapping[str, Any]) -> str:
        head = {"alg": "ES256", "kid": self.key_id}
        signed = f"{_b64(msgspec.json.encode(head))}.{_b64(msgspec.json.encode(claims))}"
        r, s = decode_dss_signature(self.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        return f"{signed}.{_b64(r.to_bytes(SIZE, 'big') + s.to_bytes(SIZE, 'big'))}"

    def verify(self, token: str, now: datetime) -> Mapping[str, Any]:
        """The claims of a token that we signed and that is good now. TokenError otherwise."""
        claims = self._signed_by_us(token)
        moment = now.timestamp()
        if claims.get("iss") != self.issuer:
            raise TokenError(f"issued by {claims.get('iss')}, not by {self.issuer}")
        if not claims.get("nbf", 0) - 60 <= moment < claims.get("exp", 0):
            raise TokenError("expired, or not valid yet")
        return claims

    def _signed_by_us(self, token: str) -> Mapping[str, Any]:
        """What a token claims, if the signature is ours. A signature stays good: it is checked once."""
        known = self._known.get(token)
        if known is not None:
            return known
        parts = token.split(".")
        if len(parts) != 3:
            raise TokenError("not a signed token")
        try:
            claims = msgspec.json.decode(_unb64(parts[1]), type=dict[str, Any])
            signature = _unb64(parts[2])
            r, s = (int.from_bytes(half, "big") for half in (signature[:SIZE], signature[SIZE:]))
            signed = f"{parts[0]}.{parts[1]}".encode()
            self.public.verify(encode_dss_signature(r, s), signed, ec.ECDSA(hashes.SHA256()))
        except (ValueError, msgspec.MsgspecError, InvalidSignature):
            raise TokenError("not signed by this cluster") from None
        if len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[token] = claims
        return claims

    def jwks(self) -> dict[str, Any]:
        """The public key, as OpenID clients read it."""
        numbers = self.public.public_numbers()
        return {
            "keys": [
                {
                    "use": "sig",
                    "kty": "EC",
                    "kid": self.key_id,
                    "crv": "P-256",
                    "alg": "ES256",
                    "x": _b64(numbers.x.to_bytes(SIZE, "big")),
                    "y": _b64(numbers.y.to_bytes(SIZE, "big")),
                }
            ]
        }


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
