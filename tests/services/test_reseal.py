"""Keys that encrypt secrets are replaced: sealed anew with the newest, readable without the oldest."""

from __future__ import annotations

import pytest
from api_stage import NOW, Stage
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import select

from services.storage.encryption import EncryptionKeyError, decrypt
from services.storage.tables import endpoints, retired_secrets
from services.usecases.manage_endpoints import add_endpoint, reseal_secrets, rotate_secret


def test_old_keys_may_leave_once_all_is_sealed_anew(stage: Stage) -> None:
    """After resealing, secrets before and after a rotation open with the new key alone, unchanged."""
    url = "https://desk.example.com/hook"
    made, first = add_endpoint(stage.engine, stage.settings, desk="metals", url=url, now=NOW)
    second = rotate_secret(stage.engine, stage.settings, made.id, now=NOW)
    new = SecretStr(Fernet.generate_key().decode())
    both = stage.settings.model_copy(update={"secret_keys": (new, *stage.settings.secret_keys)})
    assert reseal_secrets(stage.engine, both) == 1
    with stage.engine.begin() as connection:
        row = connection.execute(select(endpoints)).one()
        older = connection.execute(select(retired_secrets)).one()
    assert decrypt(row.secret, [new]) == second
    assert decrypt(older.secret, [new]) == first
    with pytest.raises(EncryptionKeyError):
        reseal_secrets(stage.engine, stage.settings)
