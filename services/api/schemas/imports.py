"""A file as it was understood, before it is recorded."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from services.api.schemas.common import Moment, Shown
from services.ingestion.files.preview import shown as as_line
from services.usecases.pending_imports import PendingImport
from services.usecases.preview_file import FilePreview, beside_lines

FILE_EXAMPLE: dict[str, Any] = {
    "figures": [{"series": "CN_EXP_REPM_T", "month": "May 2025", "value": "1,238.0", "unit": "tonnes"}]
}
MAPPING_EXAMPLE: dict[str, Any] = {
    "file": {"format": "json"},
    "table": {"shape": "long", "series": ["series"], "month": "month", "value": "value", "unit": ["unit"]},
    "numbers": {"decimal": "."},
}


class ImportShown(Shown):
    """What was understood of a file; nothing of it is recorded until its id is confirmed."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "imp_0f3c5a1e9b7d2c4f6a80",
                    "name": "may.json",
                    "expires_at": "2025-08-02T12:00:00Z",
                    "ready": True,
                    "said": ["may.json: JSON, a list of objects.", "Its shape: one row a figure."],
                    "figures": ["row 2: CN_EXP_REPM_T, 2025-05: 1,238 t, final"],
                    "guesses": {},
                    "questions": {},
                    "faults": [],
                    "mapping": MAPPING_EXAMPLE,
                }
            ]
        }
    )

    id: str
    name: str
    expires_at: Moment
    ready: bool = Field(description="Whether a confirmation would record it as it is understood now.")
    said: list[str] = Field(description="The preview in plain words, a line each.")
    figures: list[str] = Field(description="The first figures as they would be recorded.")
    guesses: dict[str, str] = Field(description="By choice of the mapping: what could be otherwise.")
    questions: dict[str, str] = Field(description="By choice of the mapping: what has to be said.")
    faults: list[str] = Field(description="Cells that cannot be read: the first hundred.")
    mapping: dict[str, Any] = Field(description="Every choice; PUT it back with changes to see it anew.")

    @classmethod
    def of(cls, pending: PendingImport, shown: FilePreview) -> ImportShown:
        """As it is answered."""
        preview = shown.preview
        refused = preview.refused
        return cls(
            id=pending.id,
            name=pending.name,
            expires_at=pending.expires_at,
            ready=preview.ready and shown.held_back is None,
            said=[line for each in beside_lines(shown) for line in each.splitlines()],
            figures=[as_line(each) for each in preview.figures],
            guesses=preview.understood.guesses,
            questions=preview.understood.questions,
            faults=[] if refused is None else [str(fault) for fault in refused.faults],
            mapping=pending.mapping,
        )
