"""Secrets at rest: encrypted with the newest of a list of Fernet keys, readable with any of them."""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr


class EncryptionKeyError(Exception):
    """No key, a malformed one, or none that opens what is stored."""

    def __init__(self, what: str, keys: int) -> None:
        self.what = what
        self.keys = keys
        super().__init__(
            f"{what} ({keys} keys given): set TONNAGE_SECRET_KEYS to a JSON list of Fernet keys, newest "
            "first, and keep the old ones until every secret is rotated."
        )


def encrypt(secret: str, keys: Sequence[SecretStr]) -> bytes:
    """Ciphertext of a secret; raises EncryptionKeyError."""
    return _fernet(keys).encrypt(secret.encode())


def decrypt(stored: bytes, keys: Sequence[SecretStr]) -> str:
    """The secret that was stored; raises EncryptionKeyError."""
    try:
        return _fernet(keys).decrypt(stored).decode()
    except InvalidToken as error:
        raise EncryptionKeyError("No key opens a stored secret", len(keys)) from error


def _fernet(keys: Sequence[SecretStr]) -> MultiFernet:
    if not keys:
        raise EncryptionKeyError("There is no key", 0)
    try:
        return MultiFernet([Fernet(key.get_secret_value()) for key in keys])
    except ValueError as error:
        raise EncryptionKeyError("A key is not 32 bytes in URL-safe base64", len(keys)) from error
