"""/v1/keys: who may do what; for admins."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from services.api.auditing import Audit
from services.api.dependencies import TheService
from services.api.limits import only_json
from services.api.schemas.common import Page
from services.api.schemas.keys import KeyGiven, KeyMade, KeyShown
from services.api.security import requires
from services.queries import keys
from services.queries.keys import Key
from services.usecases.manage_keys import OVERLAP, add_key, revoke_key, rotate_key

router = APIRouter(prefix="/keys", tags=["keys"], dependencies=[Depends(requires("admin"))])

KeyId = Annotated[str, Path(min_length=1, max_length=100, description="Id of the key.")]
HOURS = int(OVERLAP.total_seconds() // 3600)


@router.get("", summary="API keys")
def listed(service: TheService) -> Page[KeyShown]:
    """Every key, the oldest first, revoked ones too; secrets are not among what is shown."""
    with service.engine.begin() as connection:
        return Page(items=[KeyShown.model_validate(key) for key in keys.listed(connection)])


@router.post("", status_code=201, summary="Make a key", dependencies=[Depends(only_json)])
def add(service: TheService, audit: Audit, given: KeyGiven) -> KeyMade:
    """A new key, shown once. From the first key on, every request needs one."""
    with service.engine.begin() as connection:
        made = add_key(
            connection,
            name=given.name,
            scopes=given.scopes,
            desk=given.desk,
            expires_at=given.expires_at,
            now=service.now(),
        )
        audit.note(connection, "key.made", made[0].id, after=KeyShown.model_validate(made[0]))
    return _shown(made)


@router.post("/{key_id}/rotate", status_code=201, summary="Replace a key")
def rotate(
    service: TheService,
    audit: Audit,
    key_id: KeyId,
    overlap_hours: Annotated[
        int, Query(ge=0, le=24 * 90, description="How long the old key still works.")
    ] = HOURS,
) -> KeyMade:
    """A new key that may do the same, shown once; the old one ends after the overlap."""
    with service.engine.begin() as connection:
        made = rotate_key(connection, key_id, now=service.now(), overlap=dt.timedelta(hours=overlap_hours))
        after = {
            "overlap_hours": overlap_hours,
            "key": KeyShown.model_validate(made[0]).model_dump(mode="json"),
        }
        audit.note(connection, "key.rotated", key_id, after=after)
    return _shown(made)


@router.post("/{key_id}/revoke", status_code=204, summary="Revoke a key")
def revoke(service: TheService, audit: Audit, key_id: KeyId) -> None:
    """End a key at once: the next request with it is refused."""
    with service.engine.begin() as connection:
        revoke_key(connection, key_id, now=service.now())
        audit.note(connection, "key.revoked", key_id)


def _shown(made: tuple[Key, str]) -> KeyMade:
    key, text = made
    return KeyMade(**dict(KeyShown.model_validate(key)), key=text)
