"""Texts that others chose, made fit to be kept."""

from __future__ import annotations


def storable(text: str) -> str:
    """A text without what PostgreSQL keeps in no text: a NUL, half a surrogate pair."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()
