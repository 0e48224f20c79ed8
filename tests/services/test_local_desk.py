"""The demo desk: verified, once, and not forgotten."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest

from alerts.delivery.errors import DeliveryError
from alerts.delivery.signing import new_secret, sign
from services.local.desk import Inbox, sentence

SECRET = new_secret(b"desk" * 8)
NOW = dt.datetime(2025, 6, 20, 8, 0, tzinfo=dt.UTC)
BODY = json.dumps({"type": "alert.opened", "data": {"sentence": "Magnets fell."}}).encode()


@pytest.fixture
def inbox(tmp_path: Path) -> Inbox:
    (tmp_path / "secrets").write_text(f"{SECRET}\n")
    return Inbox(tmp_path)


def test_a_signed_message_is_kept_once(inbox: Inbox) -> None:
    """The same message id twice is one message that came twice."""
    headers = sign([SECRET], message_id="msg_1", at=NOW, body=BODY)
    first, second = inbox.take(headers, BODY, NOW), inbox.take(headers, BODY, NOW)
    assert first is not None
    assert sentence(first["body"]) == "Magnets fell."
    assert second is None
    assert [(each["id"], each["times"]) for each in inbox.received()["messages"]] == [("msg_1", 2)]


def test_a_changed_body_is_refused(inbox: Inbox) -> None:
    """A body that is not the signed one is refused, counted and not kept."""
    headers = sign([SECRET], message_id="msg_1", at=NOW, body=BODY)
    with pytest.raises(DeliveryError):
        inbox.take(headers, BODY.replace(b"fell", b"rose"), NOW)
    assert inbox.received() == {"messages": [], "refused": 1}


def test_a_desk_that_is_killed_remembers(inbox: Inbox, tmp_path: Path) -> None:
    """What was acknowledged is there after a new start, and still counts as known."""
    headers = sign([SECRET], message_id="msg_1", at=NOW, body=BODY)
    inbox.take(headers, BODY, NOW)
    again = Inbox(tmp_path)
    assert [each["id"] for each in again.received()["messages"]] == ["msg_1"]
    assert again.take(headers, BODY, NOW) is None
