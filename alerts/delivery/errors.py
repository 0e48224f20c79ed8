"""The errors of delivery; each carries its numbers and says what to do."""

from __future__ import annotations

import datetime as dt


class DeliveryError(Exception):
    """Root of every error that delivery raises on purpose."""


class InvalidSecretError(DeliveryError, ValueError):
    """A signing secret that Standard Webhooks does not allow."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"This is not a signing secret: {what}; it is whsec_ and base64 of 24 to 64 bytes.")


class InvalidMessageIdError(DeliveryError, ValueError):
    """A message id that would make the signed content ambiguous."""

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        super().__init__(
            f"{message_id!r} cannot be a webhook-id: use letters, digits, '_' and '-' only, since a full "
            "stop separates the parts that are signed."
        )


class SignatureError(DeliveryError):
    """A received message whose signature does not hold; treat it as not sent by us."""


class MissingHeaderError(SignatureError):
    """A message without one of the three headers of Standard Webhooks."""

    def __init__(self, header: str) -> None:
        self.header = header
        super().__init__(f"The header {header} is missing or malformed; refuse the message.")


class StaleTimestampError(SignatureError):
    """A message signed too long ago, or in the future."""

    def __init__(self, age: dt.timedelta, tolerance: dt.timedelta) -> None:
        self.age = age
        self.tolerance = tolerance
        super().__init__(
            f"The message was signed {age.total_seconds():.0f} s ago and {tolerance.total_seconds():.0f} s "
            "are tolerated; check the clock, or refuse it as a replay."
        )


class WrongSignatureError(SignatureError):
    """No signature of the message matches a secret of the endpoint."""

    def __init__(self, message_id: str) -> None:
        self.message_id = message_id
        super().__init__(
            f"No signature of {message_id} matches; check that the secret is this endpoint's and that the "
            "body is verified as received, byte by byte."
        )


class ForbiddenAddressError(DeliveryError):
    """An address that the guard lets nobody dial."""

    def __init__(self, address: str, why: str) -> None:
        self.address = address
        self.why = why
        super().__init__(
            f"{address} is not dialled: {why}; use a public address, or let the operator allow its network."
        )


class ForbiddenUrlError(DeliveryError, ValueError):
    """A URL that no endpoint may have."""

    def __init__(self, url: str, why: str) -> None:
        self.url = url
        self.why = why
        super().__init__(f"{url!r} cannot be an endpoint: {why}.")
