"""What a command is given, held to the rules of the API: a fault is one line that names it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from services.cli.shell import fail


@contextmanager
def as_the_api_takes_it(named: str) -> Iterator[None]:
    """A refusal of the API's own shapes and ids ends the command, with what it is of and each fault."""
    from pydantic import ValidationError  # noqa: PLC0415 - read when asked for

    from services.api.handlers import path_of  # noqa: PLC0415 - as above
    from services.api.problems import ProblemError  # noqa: PLC0415 - as above

    try:
        yield
    except ProblemError as error:
        raise fail(f"{named}: {error}") from error
    except ValidationError as error:
        faults = (f"{path_of(each['loc'])}: {each['msg']}".removeprefix(": ") for each in error.errors())
        raise fail(f"{named}: {'; '.join(faults)}.") from error
