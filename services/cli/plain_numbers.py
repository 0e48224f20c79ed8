"""Numbers as a command is given them: digits with a decimal point, as a figure's are. No 1_238."""

from __future__ import annotations

from typing import Any

from typer import BadParameter
from typer._click.core import Command, Context  # typer carries its own click and exports no types of it


def plain_numbers(command: Command) -> Command:
    """The command, and those of a group, with underscores refused where an option or argument is a number.

    Python reads 1_238 as 1238, and nobody who types it can be sure of that.
    """
    for each in getattr(command, "commands", {}).values():
        plain_numbers(each)
    for param in command.params:
        described: Any = getattr(param, "type_descriptor", None)
        if described is not None and described.annotation in {int, float}:
            _refuse_underscores(param)
    return command


def _refuse_underscores(param: Any) -> None:
    if "process_value" in vars(param):
        return
    coerced = param.process_value

    def process_value(ctx: Context, value: Any) -> Any:
        if isinstance(value, str) and "_" in value:
            raise BadParameter(f"{value!r} is not a number.", ctx=ctx, param=param)
        return coerced(ctx, value)

    param.process_value = process_value
