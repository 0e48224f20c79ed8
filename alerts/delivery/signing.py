"""Standard Webhooks v1 signatures: HMAC-SHA256 over ``id.timestamp.body``.

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

from alerts.delivery.errors import (
    InvalidMessageIdError,
    InvalidSecretError,
    MissingHeaderError,
    StaleTimestampError,
    WrongSignatureError,
)

ID_HEADER = "webhook-id"
TIMESTAMP_HEADER = "webhook-timestamp"
SIGNATURE_HEADER = "webhook-signature"

TOLERANCE = dt.timedelta(minutes=5)
"""How far a receiver lets the signing time lie from its own clock, both ways."""

_PREFIX = "whsec_"
_SCHEME = "v1"
_SECRET_BYTES = range(24, 65)
_MESSAGE_ID = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")
_TIMESTAMP = re.compile(r"[0-9]{1,12}\Z")


def new_secret(entropy: bytes) -> str:
    """Secret text made of 24 to 64 random bytes; else InvalidSecretError."""
    if len(entropy) not in _SECRET_BYTES:
        raise InvalidSecretError(f"{len(entropy)} bytes")
    return _PREFIX + base64.b64encode(entropy).decode()


def sign(secrets: Sequence[str], *, message_id: str, at: dt.datetime, body: bytes) -> dict[str, str]:
    """The three headers of one attempt, signed at ``at`` with each secret.

    The id stays the same over all attempts, the timestamp is the attempt's own. Several secrets, newest
    first, stand side by side while a rotation overlaps. Raises InvalidSecretError or InvalidMessageIdError.
    """
    if not secrets:
        raise InvalidSecretError("there is none")
    if not _MESSAGE_ID.match(message_id):
        raise InvalidMessageIdError(message_id)
    timestamp = str(int(at.timestamp()))
    content = _content(message_id, timestamp, body)
    signatures = (base64.b64encode(_digest(secret, content)).decode() for secret in secrets)
    return {
        ID_HEADER: message_id,
        TIMESTAMP_HEADER: timestamp,
        SIGNATURE_HEADER: " ".join(f"{_SCHEME},{signature}" for signature in signatures),
    }


def verify(
    secrets: Sequence[str],
    headers: Mapping[str, str],
    body: bytes,
    *,
    now: dt.datetime,
    tolerance: dt.timedelta = TOLERANCE,
) -> str:
    """The message id of a body whose signature holds with one of the secrets.

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
    expected = [_digest(secret, content) for secret in secrets]
    matches = [
        hmac.compare_digest(digest, signature)
        for signature in _signatures(given[SIGNATURE_HEADER])
        for digest in expected
    ]
    if not any(matches):
        raise WrongSignatureError(message_id)
    return message_id


def _content(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode() + body


def _digest(secret: str, content: bytes) -> bytes:
    return hmac.new(_key(secret), content, hashlib.sha256).digest()


def _key(secret: str) -> bytes:
    if not secret.startswith(_PREFIX):
        raise InvalidSecretError(f"it does not start with {_PREFIX}")
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise InvalidSecretError("it is not base64") from error
    if len(key) not in _SECRET_BYTES:
        raise InvalidSecretError(f"{len(key)} bytes")
    return key


def _signatures(header: str) -> list[bytes]:
    """Signatures of our scheme; those of other schemes, or not base64, cannot match and are left out."""
    found = []
    for entry in header.split(" "):
        scheme, _, text = entry.partition(",")
        if scheme != _SCHEME:
            continue
        try:
            found.append(base64.b64decode(text, validate=True))
        except (binascii.Error, ValueError):
            continue
    return found
