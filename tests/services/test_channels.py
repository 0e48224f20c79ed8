"""Channels and formats: the same messages as Slack, Teams and e-mail take them, and as CloudEvents."""

from __future__ import annotations

import datetime as dt
import json
import socketserver
from ipaddress import IPv4Network
from typing import Any

import pytest
from channel_stage import Web, serving
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import Engine

from alerts.delivery import signing
from alerts.delivery.bodies import Kind
from alerts.delivery.errors import ForbiddenUrlError
from alerts.delivery.signing import Signature
from services.settings import Settings
from services.storage import deliveries, endpoints, outbox, tables
from services.storage.endpoints import Endpoint
from services.storage.messages import Message
from services.usecases.deliver_messages import deliver_due
from services.usecases.manage_endpoints import add_endpoint, rotate_secret

NOW = dt.datetime(2025, 6, 20, 2, tzinfo=dt.UTC)
KEY = SecretStr(Fernet.generate_key().decode())
HERE = Settings(
    secret_keys=(KEY,), private_networks=(IPv4Network("127.0.0.1/32"),), delivery_timeout_seconds=5
)
SENTENCE = "Magnet exports <CN> fell to 1,238 t & may fall further."
EVENT = {
    "type": "alert.opened",
    "version": 1,
    "timestamp": "2025-06-20T02:00:00Z",
    "data": {"sentence": SENTENCE, "value": 1238.0},
}

# What the services answer, as their documentation shows it.
SLACK_TAKES, TEAMS_TAKES = (200, b"ok"), (202, b"")


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP (RFC 5321) as takes one message."""

    def handle(self) -> None:
        self.wfile.write(b"220 here\r\n")
        while line := self.rfile.readline().strip():
            if line.upper() == b"DATA":
                self.wfile.write(b"354 go on\r\n")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.letters.append(b"".join(lines).decode())  # type: ignore[attr-defined]
            self.wfile.write(b"221 bye\r\n" if line.upper() == b"QUIT" else b"250 fine\r\n")
            if line.upper() == b"QUIT":
                return


def tell(engine: Engine, settings: Settings = HERE, event: dict[str, Any] = EVENT) -> dict[str, int]:
    """Send one event to every endpoint of the desk; how the attempts ended."""
    with engine.begin() as connection:
        addressed = outbox.address(connection, [Message("metals", event, NOW)])
        outbox.enqueue(connection, addressed, now=NOW)
    return dict(deliver_due(engine, settings, clock=lambda: NOW))


def attempt(engine: Engine) -> deliveries.AttemptRecord:
    with engine.connect() as connection:
        (delivery,) = deliveries.listed(connection)
        (tried,) = deliveries.attempts_of(connection, delivery.id)
    return tried


def add(engine: Engine, url: str, kind: Kind, **given: Any) -> tuple[Endpoint, str]:
    return add_endpoint(engine, HERE, desk="metals", url=url, kind=kind, now=NOW, **given)


def test_slack_is_told_the_sentence(engine: Engine) -> None:
    """An incoming webhook of Slack gets a text with Slack's three signs escaped, and no signature."""
    web = Web(SLACK_TAKES)
    with serving(web) as port:
        add(engine, f"http://127.0.0.1:{port}/services/T0/B0/token", Kind.SLACK)
        assert tell(engine) == {"delivered": 1}
    ((path, headers, body),) = web.taken
    assert path == "/services/T0/B0/token"
    assert json.loads(body) == {"text": "Magnet exports &lt;CN&gt; fell to 1,238 t &amp; may fall further."}
    assert headers["content-type"] == "application/json"
    assert not [name for name in headers if name.startswith("webhook-")]


def test_teams_is_told_the_sentence_on_a_card(engine: Engine) -> None:
    """A Teams workflow gets an adaptive card with the sentence, in a body of the type message."""
    web = Web(TEAMS_TAKES)
    with serving(web) as port:
        add(engine, f"http://127.0.0.1:{port}/workflows/1?sig=token", Kind.TEAMS)
        assert tell(engine) == {"delivered": 1}
    body = json.loads(web.taken[0][2])
    assert body["type"] == "message"
    (attachment,) = body["attachments"]
    assert attachment["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert attachment["content"]["type"] == "AdaptiveCard"
    assert [block["text"] for block in attachment["content"]["body"]] == [SENTENCE]


def test_mail_arrives_through_apprise(engine: Engine) -> None:
    """An e-mail channel has its letter at a mail server, with the sentence in it."""
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    server.letters = []  # type: ignore[attr-defined]
    with serving(server) as port:
        url = f"mailto://127.0.0.1:{port}?from=tonnage@example.com&to=desk@example.com&format=text"
        add(engine, url, Kind.APPRISE)
        assert tell(engine) == {"delivered": 1}, attempt(engine)
    (letter,) = server.letters  # type: ignore[attr-defined]
    assert "Subject: Tonnage: alert.opened" in letter
    assert "fell to 1,238 t" in letter


@pytest.mark.parametrize(
    "url",
    [
        "mailto://127.0.0.1:{port}?from=tonnage@example.com&to=desk@example.com",
        "json://127.0.0.1:{port}",
        "jsons://localhost:{port}",
    ],
)
def test_the_guard_holds_for_channels(engine: Engine, url: str) -> None:
    """A channel whose service would dial a private address is refused at the socket, and nothing arrives."""
    web = Web((200, b""))
    with serving(web) as port:
        add(engine, url.format(port=port), Kind.APPRISE)
        assert tell(engine, Settings(secret_keys=(KEY,), delivery_timeout_seconds=5)) == {"pending": 1}
    assert web.taken == []
    assert attempt(engine).outcome == "forbidden", attempt(engine)


def test_no_proxy_is_taken_from_the_environment(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a proxy in the environment a channel's message still goes straight to its service."""
    web = Web((200, b""))
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with serving(web) as port:
        add(engine, f"json://127.0.0.1:{port}/desk", Kind.APPRISE)
        assert tell(engine) == {"delivered": 1}, attempt(engine)
    assert len(web.taken) == 1


@pytest.mark.parametrize("kind", [Kind.SLACK, Kind.TEAMS, Kind.APPRISE])
def test_the_url_of_a_channel_is_a_secret(
    engine: Engine, kind: Kind, capfd: pytest.CaptureFixture[str]
) -> None:
    """The secret part of a channel's URL is in no column as it was given, in no attempt and in no log."""
    scheme = "json" if kind is Kind.APPRISE else "http"
    add(engine, f"{scheme}://127.0.0.1:9/sesame", kind)  # nothing listens on port 9
    assert tell(engine) == {"pending": 1}
    with engine.connect() as connection:
        stored = connection.execute(tables.endpoints.select()).one()
        (shown,) = endpoints.listed(connection)
    assert "sesame" not in str(stored._asdict())
    assert "sesame" not in str(shown)
    assert "sesame" not in str(attempt(engine))
    assert "sesame" not in "".join(capfd.readouterr())


def test_what_is_no_url_of_apprise_is_refused(engine: Engine) -> None:
    """A channel without a service is refused, and its text is not in the error."""
    for url in ("sesame", "://sesame", "mailto://a b", "x" * 3000):
        with pytest.raises(ForbiddenUrlError) as caught:
            add(engine, url, Kind.APPRISE)
        assert "sesame" not in str(caught.value) or url == "sesame"


def test_cloud_events_are_signed_and_numbered(engine: Engine) -> None:
    """CloudEvents 1.0 in structured mode: required attributes, the sequence as text, the same signature."""
    web = Web((200, b""))
    with serving(web) as port:
        _, secret = add(engine, f"http://127.0.0.1:{port}/", Kind.CLOUDEVENTS)
        assert tell(engine) == {"delivered": 1}
    ((_, headers, body),) = web.taken
    message_id = signing.verify([secret], headers, body, now=NOW)
    assert headers["content-type"] == "application/cloudevents+json"
    assert json.loads(body) == {
        "specversion": "1.0",
        "id": message_id,
        "source": "/tonnage",
        "type": "tonnage.alert.opened.v1",
        "time": "2025-06-20T02:00:00Z",
        "datacontenttype": "application/json",
        "dataschema": "/v1/event-types/alert.opened?version=1&part=data",
        "sequence": "1",
        "data": EVENT["data"],
    }


def test_a_repeated_rotation_of_a_key_pair_shows_the_same_public_key(engine: Engine) -> None:
    """What was made under a key is the public half, after another rotation too."""
    endpoint, _ = add(engine, "http://127.0.0.1:9/", Kind.WEBHOOK, signature=Signature.ED25519)
    first, second, again = (
        rotate_secret(engine, HERE, endpoint.id, now=NOW, idempotency_key=key) for key in "aba"
    )
    assert again == first != second
    assert first.startswith("whpk_")


def test_ed25519_on_demand(engine: Engine) -> None:
    """An endpoint may have a key pair: its public half is shown at any time and verifies, rotated as well."""
    web = Web((200, b""))
    with serving(web) as port:
        endpoint, public = add(engine, f"http://127.0.0.1:{port}/", Kind.WEBHOOK, signature=Signature.ED25519)
        assert tell(engine) == {"delivered": 1}
        rotated = rotate_secret(engine, HERE, endpoint.id, now=NOW)
        assert tell(engine) == {"delivered": 1}
    with engine.connect() as connection:
        shown = endpoints.get(connection, endpoint.id)
    assert shown is not None
    assert shown.public_key == rotated != public
    assert public.startswith("whpk_")
    (_, first, body), (_, second, again) = web.taken
    signing.verify([public], first, body, now=NOW)
    for key in (public, rotated):
        signing.verify([key], second, again, now=NOW)
