"""How sources have been doing, as Prometheus reads it."""

from __future__ import annotations

import datetime as dt

from prometheus_client import CollectorRegistry, generate_latest
from source_shop import Shop, release

from services.exporter import State


def told(shop: Shop) -> str:
    registry = CollectorRegistry()
    registry.register(State(shop.engine, shop.clock, portfolio="standard"))
    return generate_latest(registry).decode()


def test_a_standing_fault_and_the_age_of_the_last_success_are_told(shop: Shop) -> None:
    """After a good poll the age runs; after a refused page its kind stands at 1 until one goes well."""
    shop.publish(release())
    shop.poll()
    shop.at += dt.timedelta(hours=2)
    text = told(shop)
    assert 'tonnage_source_series{source="gacc"} 1.0' in text
    assert 'tonnage_source_success_age_seconds{source="gacc"} 72' in text
    assert 'tonnage_source_calls_today{source="gacc"} 2.0' in text
    assert "tonnage_source_fault{" not in text
    shop.publish([[each[0], *each[2:], ""] for each in release()])
    shop.poll()
    assert 'tonnage_source_fault{kind="shifted-table",source="gacc"} 1.0' in told(shop)
