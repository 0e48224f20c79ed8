"""A mapping as the TOML that the preview writes, with a line over each choice that was a guess."""

from __future__ import annotations

import json
from collections.abc import Mapping as Dictionary
from typing import Any

from services.ingestion.files.mapping import Mapping, to_dictionary


def to_toml(mapping: Mapping, remarks: Dictionary[str, str] | None = None) -> str:
    """TOML of a mapping; ``remarks`` by choice (``table.value``) stand over it as comments, or at the end."""
    said = dict(remarks or {})
    raw = to_dictionary(mapping)
    lines = ["# How this file is read; each choice can be changed; services/docs/mappings.md has all."]
    lines += _lines(
        "", {key: value for key, value in raw.items() if not isinstance(value, dict | list)}, said
    )
    for part, held in raw.items():
        if isinstance(held, dict):
            lines += ["", f"[{part}]", *_lines(f"{part}.", held, said)]
    for each in raw.get("register", []):
        lines += ["", "[[register]]", *_lines("", each, {})]
    lines += [_remark(f"{choice}: {each}") for choice, each in said.items()]
    return "\n".join(lines) + "\n"


def _lines(prefix: str, held: Dictionary[str, Any], remarks: dict[str, str]) -> list[str]:
    lines: list[str] = []
    for key, value in held.items():
        remark = remarks.pop(prefix + key, None)
        lines += [_remark(remark)] if remark else []
        lines.append(f"{_key(key)} = {_value(value)}")
    return lines


def _remark(text: str) -> str:
    """A comment in one line: what is not a sign is a blank there."""
    return f"# {' '.join(''.join(sign if sign.isprintable() else ' ' for sign in text).split())}"


def _key(key: str) -> str:
    plain = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if plain else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_value(each)}" for key, each in value.items()) + " }"
    return str(value)
