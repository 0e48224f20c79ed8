"""Standard Webhooks signatures over ``id.timestamp.body``: v1 is HMAC-SHA256, v1a is ed25519.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from alerts.delivery.errors import (
    InvalidMessageIdError,
    InvalidSecretError,
    MissingHeaderError,
    StaleTimestampError,
    WrongSignatureError,
)


class Signature(StrEnum):
    """How an endpoint's messages are signed: with a shared secret, or with a key whose public half it has."""

    HMAC = "v1"
    ED25519 = "v1a"


ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"

TOLERANCE = dt.timedelta(minutes=5)
"""How far a receiver lets the signing time lie from its own clock, both ways."""

_SHARED, _PRIVATE, _PUBLIC = "whsec_", "whsk_", "whpk_"
_SECRET_BYTES = range(24, 65)
_KEY_BYTES = 32
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
_TIMESTAMP = re.compile(r"[0-9]{1,12}\Z")


def new_secret(entropy: bytes) -> str:
    """Secret text made of 24 to 64 random bytes; else InvalidSecretError."""
    if len(entropy) not in _SECRET_BYTES:
        raise InvalidSecretError(f"{len(entropy)} bytes")
    return _SHARED + base64.b64encode(entropy).decode()


def new_key_pair(entropy: bytes) -> tuple[str, str]:
    """Texts of a private and a public ed25519 key made of 32 random bytes; else InvalidSecretError.

    The private one signs here and is never shown, the public one verifies at the desk.
    """
    if len(entropy) != _KEY_BYTES:
        raise InvalidSecretError(f"{len(entropy)} bytes")
    public = Ed25519PrivateKey.from_private_bytes(entropy).public_key().public_bytes_raw()
    return _PRIVATE + base64.b64encode(entropy).decode(), _PUBLIC + base64.b64encode(public).decode()


def sign(secrets: Sequence[str], *, message_id: str, at: dt.datetime, body: bytes) -> dict[str, str]:
    """The three headers of one attempt, signed at ``at`` with each secret or private key.

    The id stays the same over all attempts, the timestamp is the attempt's own. Several secrets, newest
    first, stand side by side while a rotation overlaps. Raises InvalidSecretError or InvalidMessageIdError.
    """
    if not secrets:
        raise InvalidSecretError("there is none")
    if not _MESSAGE_ID.match(message_id):
        raise InvalidMessageIdError(message_id)
    timestamp = str(int(at.timestamp()))
    content = _content(message_id, timestamp, body)
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: " ".join(_signature(secret, content) for secret in secrets),
    }


def verify(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: dt.datetime,
    tolerance: dt.timedelta = TOLERANCE,
) -> str:
    """The message id of a body whose signature holds with one of the secrets or public keys.

    Raises MissingHeaderError, StaleTimestampError (more than ``tolerance`` from ``now``, past or future) or
    WrongSignatureError. Signatures are compared in constant time.
    """
    given = {name.lower(): value for name, value in headers.items()}
    message_id = given.get(ID_HEADER, "")
    if not _MESSAGE_ID.match(message_id):
        raise MissingHeaderError(ID_HEADER)
    timestamp = given.get(TIMESTAMP_HEADER, "")
    if not _TIMESTAMP.match(timestamp):
        raise MissingHeaderError(TIMESTAMP_HEADER)
    if not given.get(SIGNATURE_HEADER):
        raise MissingHeaderError(SIGNATURE_HEADER)
    age = dt.timedelta(seconds=now.timestamp() - int(timestamp))
    if abs(age) > tolerance:
        raise StaleTimestampError(age, tolerance)
    content = _content(message_id, timestamp, body)
    signatures = _signatures(given[SIGNATURE_HEADER])
    if not any(_holds(secret, signatures, content) for secret in secrets):
        raise WrongSignatureError(message_id)
    return message_id


def _content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _signature(secret: str, content: bytes) -> str:
    if secret.startswith(_PRIVATE):
        private = Ed25519PrivateKey.from_private_bytes(_key(secret, _PRIVATE))
        return f"{Signature.ED25519},{base64.b64encode(private.sign(content)).decode()}"
    return f"{Signature.HMAC},{base64.b64encode(_digest(secret, content)).decode()}"


def _holds(secret: str, signatures: Sequence[tuple[str, bytes]], content: bytes) -> bool:
    """Whether one of the signatures is of this secret or public key, each compared whole."""
    if secret.startswith(_PUBLIC):
        public = Ed25519PublicKey.from_public_bytes(_key(secret, _PUBLIC))
        return any(
            _verifies(public, each, content) for scheme, each in signatures if scheme == Signature.ED25519
        )
    digest = _digest(secret, content)
    return any(hmac.compare_digest(digest, each) for scheme, each in signatures if scheme == Signature.HMAC)


def _verifies(public: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        public.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def _digest(secret: str, content: bytes) -> bytes:
    return hmac.new(_key(secret, _SHARED), content, hashlib.sha256).digest()


def _key(secret: str, prefix: str) -> bytes:
    if not secret.startswith(prefix):
        raise InvalidSecretError(f"it does not start with {prefix}")
    try:
        key = base64.b64decode(secret.removeprefix(prefix), validate=True)
    except binascii.Error as error:
        raise InvalidSecretError("it is not base64") from error
    if len(key) not in (_SECRET_BYTES if prefix == _SHARED else (_KEY_BYTES,)):
        raise InvalidSecretError(f"{len(key)} bytes")
    return key


def _signatures(header: str) -> list[tuple[str, bytes]]:
    """Schemes and signatures; one that is not base64 cannot match and is left out."""
    found = []
    for entry in header.split(" "):
        scheme, _, text = entry.partition(",")
        try:
            found.append((scheme, base64.b64decode(text, validate=True)))
        except (binascii.Error, ValueError):
            continue
    return found
