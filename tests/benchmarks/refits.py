"""Refits through Celery and the database beside the bare engine.

``python -m tests.benchmarks.refits [SIZES]``: the first table of ``make soak`` alone, without its endurance;
``make bench-speed`` runs it.
"""

from __future__ import annotations

import os
import sys

import httpx
from sqlalchemy import create_engine

from services.cli.shell import say
from services.local.folder import temporary_folder
from services.local.stack import running
from tests.benchmarks.soak_costs import REFIT_SHARE, costs

SIZES = "100,900"


def main() -> None:
    """Start the stack, refit series at each size, print the table."""
    sizes = [int(each) for each in (sys.argv[1] if len(sys.argv) > 1 else SIZES).split(",")]
    with temporary_folder() as folder, running(folder, os.environ, lambda _: None) as stack:
        engine = create_engine(stack.database_url, pool_pre_ping=True)
        with httpx.Client(base_url=stack.api, timeout=120) as client:
            _, share = costs(client, stack, engine, sizes)
        engine.dispose()
    say(f"refits have {share:.2f} of the bare engine's CPU throughput at the least ({REFIT_SHARE} promised)")


if __name__ == "__main__":
    main()
