"""A site, and an installation that follows one series of China's customs there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet
from gacc_server import Site, serving
from pydantic import SecretStr
from source_shop import CODE, RAW, Shop
from sqlalchemy import create_engine

from services.settings import Settings
from services.storage import endpoints
from services.storage.endpoints import Endpoint

KEY = SecretStr(Fernet.generate_key().decode())
"""One for all: a past that is told once holds secrets that it opens."""


@pytest.fixture
def site() -> Iterator[Site]:
    with serving(Site()) as site:
        yield site


@pytest.fixture
def shop(site: Site, database_url: str) -> Iterator[Shop]:
    engine = create_engine(database_url)
    addresses = dict.fromkeys(
        ("gacc", "comtrade", "census", "comext", "comexstat", "hmrc", "alfred", "imf", "oecd"), site.address
    )
    settings = Settings(secret_keys=(KEY,), source_addresses=addresses)
    shop = Shop(engine, settings, site)
    with engine.begin() as connection:
        desk = Endpoint("end_ops", "ops", "https://ops.example/", None, shop.at)
        endpoints.add(connection, desk, secret=b"x")
    shop.follow("gacc", {RAW: CODE})
    yield shop
    engine.dispose()
