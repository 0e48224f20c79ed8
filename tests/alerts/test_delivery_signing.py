"""Signatures: what we sign others verify, what others sign we verify, and nothing else passes."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook

from alerts.delivery.errors import (
    InvalidMessageIdError,
    InvalidSecretError,
    MissingHeaderError,
    StaleTimestampError,
    WrongSignatureError,
)
from alerts.delivery.signing import new_secret, sign, verify

NOW = dt.datetime(2025, 6, 9, 3, 0, tzinfo=dt.UTC)
OLD = new_secret(bytes(range(24)))
NEW = new_secret(bytes(range(32)))
BODY = '{"type":"alert.opened","words":"Île — 大豆"}'.encode()


def _signed(*secrets: str, at: dt.datetime = NOW, body: bytes = BODY) -> dict[str, str]:
    return sign(secrets or (NEW,), message_id="msg_1", at=at, body=body)


def test_signature_of_the_specification() -> None:
    """The signature equals the published example of the Standard Webhooks specification's reference suite."""
    headers = sign(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"],
        message_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        at=dt.datetime.fromtimestamp(1614265330, dt.UTC),
        body=b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(st.text(), st.integers(24, 64))
def test_reference_library_verifies_ours(text: str, size: int) -> None:
    """The reference library accepts every body that we sign."""
    secret = new_secret(bytes(size))
    now = dt.datetime.now(dt.UTC)
    Webhook(secret).verify(
        text, sign([secret], message_id="msg_x", at=now, body=text.encode()), json_parse=False
    )


@given(st.text())
def test_we_verify_the_reference_library(text: str) -> None:
    """We accept every body that the reference library signs."""
    signature = Webhook(NEW).sign("msg_x", NOW, text)
    headers = {
        "Webhook-Id": "msg_x",
        "Webhook-Timestamp": str(int(NOW.timestamp())),
        "Webhook-Signature": signature,
    }
    assert verify([NEW], headers, text.encode(), now=NOW) == "msg_x"


def test_rotation_overlap() -> None:
    """While two secrets overlap, a receiver that holds either verifies the message."""
    headers = _signed(NEW, OLD)
    assert len(headers["webhook-signature"].split(" ")) == 2
    assert verify([OLD], headers, BODY, now=NOW) == verify([NEW], headers, BODY, now=NOW) == "msg_1"
    with pytest.raises(WrongSignatureError):
        verify([OLD], _signed(NEW), BODY, now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_stale_timestamp(seconds: int) -> None:
    """A message signed more than five minutes before or after now is refused, one within is accepted."""
    headers = _signed(at=NOW + dt.timedelta(seconds=seconds))
    with pytest.raises(StaleTimestampError) as caught:
        verify([NEW], headers, BODY, now=NOW)
    assert abs(caught.value.age.total_seconds()) == 301
    near = _signed(at=NOW + dt.timedelta(seconds=seconds - seconds // abs(seconds)))
    verify([NEW], near, BODY, now=NOW)


@pytest.mark.parametrize("header", ["webhook-id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", [None, ""])
def test_missing_header(header: str, value: str | None) -> None:
    """A message without one of the three headers is refused, and the error names it."""
    headers = _signed() | {header: value or ""}
    if value is None:
        del headers[header]
    with pytest.raises(MissingHeaderError, match=header):
        verify([NEW], headers, BODY, now=NOW)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("webhook-id", "msg_2"),
        ("webhook-timestamp", str(int(NOW.timestamp()) + 1)),
        ("webhook-signature", "v1,"),
        ("webhook-signature", "v1,AAAA v1a,AAAA nonsense"),
    ],
)
def test_changed_header(header: str, value: str) -> None:
    """A message with another id, time or signature than was signed is refused."""
    with pytest.raises(WrongSignatureError):
        verify([NEW], _signed() | {header: value}, BODY, now=NOW)


@given(st.integers(0, len(BODY) - 1), st.integers(1, 255))
def test_changed_body(position: int, flip: int) -> None:
    """A body that differs in one byte is refused."""
    changed = bytearray(BODY)
    changed[position] ^= flip
    with pytest.raises(WrongSignatureError):
        verify([NEW], _signed(), bytes(changed), now=NOW)


def test_id_and_body_cannot_swap_parts() -> None:
    """An id with a full stop is refused, so no two messages share one signed content."""
    with pytest.raises(InvalidMessageIdError):
        sign([NEW], message_id="msg.1", at=NOW, body=b"2.x")


@pytest.mark.parametrize("size", [0, 23, 65])
def test_secret_size(size: int) -> None:
    """A secret of fewer than 24 or more than 64 bytes is refused."""
    with pytest.raises(InvalidSecretError, match=f"{size} bytes"):
        new_secret(bytes(size))


@pytest.mark.parametrize(
    "secret", ["", "secret", "whsec_", "whsec_*", "whsec_QUJD", OLD.removeprefix("whsec_")]
)
def test_malformed_secret(secret: str) -> None:
    """A text that is not a secret signs nothing."""
    with pytest.raises(InvalidSecretError):
        _signed(secret)


def test_no_secret() -> None:
    """Nothing is ever sent unsigned."""
    with pytest.raises(InvalidSecretError):
        sign([], message_id="msg_1", at=NOW, body=BODY)
