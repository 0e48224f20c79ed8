"""What the forms of an import hold: a file with what is said of it, and words on how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from services.ingestion.files.mapping import Layout
from services.ingestion.files.understanding import Asked
from services.settings import Settings
from services.web.pages.import_answers import Said
from services.web.sessions import Writing

ADDRESS = "/imports"
FORM_BYTES = 20_000
"""What a form may hold beside its file."""
MOST_HEADER = 10_000
"""The last row that names of columns may stand in."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file that was chosen, with what was said of it."""

    name: str
    content: bytes
    said: dict[str, str]

    @property
    def asked(self) -> Asked:
        """What need not be guessed."""
        layout = Layout(sheet=self.said.get("sheet"), encoding=self.said.get("encoding"))
        header = int(self.said["header"]) if "header" in self.said else None
        return Asked(layout, self.said.get("series_id"), self.said.get("unit"), header)

    @property
    def recording(self) -> dict[str, Any]:
        """Who says so, whether it is the past, and whether that is told as it became known."""
        return {
            "source": self.said.get("source") or "file",
            "history": "history" in self.said,
            "replayed": "replay" in self.said,
        }


def most_bytes(settings: Settings) -> int:
    """Of a form with a file in it."""
    return settings.upload_limit_bytes + FORM_BYTES


async def _sent(request: Request, _: Writing) -> Sent:
    """The form, read only once it is known that the visitor may write; a file that is none is refused."""
    form = await request.form()
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        raise HTTPException(422, "No file was chosen; nothing was changed.")
    said = {name: text.strip()[:200] for name, text in form.items() if isinstance(text, str) and text.strip()}
    header = said.get("header", "1")
    if not (header.isascii() and header.isdecimal() and 1 <= int(header) <= MOST_HEADER):
        raise HTTPException(422, f"The row of the names is a number from 1 to {MOST_HEADER:,}.")
    name = "".join(sign for sign in file.filename if sign.isprintable())[-200:] or "file"
    return Sent(name, await file.read(), said)


async def _said(request: Request, _: Writing) -> Said:
    form = await request.form()
    return Said.of({name: text for name, text in form.items() if isinstance(text, str)})


TheFile = Annotated[Sent, Depends(_sent)]
TheWords = Annotated[Said, Depends(_said)]
