"""The broker's address, which whoever nudges spells the same way."""

from __future__ import annotations

from services.broker import broker_address

__all__ = ["broker_address"]
