"""How kombu spells the address of the broker."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit


def broker_address(redis_url: str) -> str:
    """REDIS_URL for kombu, which has names of its own for a Unix socket and for the number of a database."""
    parts = urlsplit(redis_url)
    if parts.scheme != "unix":
        return redis_url
    database = parse_qs(parts.query).get("db", ["0"])[0]
    return f"redis+socket://{parts.netloc}{parts.path}?virtual_host={database}"
