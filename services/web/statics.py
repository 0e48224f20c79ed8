"""Styles and scripts, served from the package under an address that holds a digest of what they say."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Response
from starlette.exceptions import HTTPException

FOLDER = Path(__file__).parent / "static"
MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
FOREVER = "public, max-age=31536000, immutable"

router = APIRouter()


@cache
def _files() -> dict[str, tuple[str, bytes]]:
    """Digest and content of each file, by name, read once."""
    found = {each.name: each.read_bytes() for each in FOLDER.iterdir() if each.suffix in MEDIA_TYPES}
    return {name: (hashlib.sha256(content).hexdigest()[:12], content) for name, content in found.items()}


def address(name: str) -> str:
    """Where a file of the package is served: another address whenever its content is another."""
    return f"/static/{_files()[name][0]}/{name}"


@router.get("/static/{digest}/{name}")
def static(digest: str, name: str) -> Response:
    """A file; a browser that holds this digest never asks again, and one that holds another gets the new."""
    held = _files().get(name)
    if held is None:
        raise HTTPException(404, f"There is no file {name}.")
    known = FOREVER if digest == held[0] else "no-cache"
    return Response(held[1], media_type=MEDIA_TYPES[Path(name).suffix], headers={"Cache-Control": known})
