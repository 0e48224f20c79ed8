"""schemathesis over the whole schema of a running API, with a key and without one: ``make fuzz``.

The live stream, which never ends, and /readyz, which is 503 without a worker, are left out.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "services"))

from api_stage import MAGNETS, served, staged, staged_app

from services.local.postgres import Postgres
from services.local.supervisor import Supervisor
from services.storage import schema
from services.usecases.manage_keys import add_key

CHECKS = "not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance"
LEFT_OUT = ("/v1/alerts/stream", "/readyz")
RULE = {
    "name": "Low",
    "desk": "metals",
    "scope": {"series": [MAGNETS]},
    "condition": {"kind": "level", "below": 3000},
}


def main() -> int:
    """Fuzz an API that holds one of everything; the count of runs that found something."""
    asked = argparse.ArgumentParser()
    asked.add_argument("--examples", type=int, default=100, help="generated requests for each operation")
    examples = str(asked.parse_args().examples)
    with tempfile.TemporaryDirectory(prefix="tonnage-fuzz-") as name, Supervisor(say=lambda _: None) as parts:
        Path(name).chmod(0o711)
        server = Postgres.prepare(Path(name) / "postgres", durable=False)
        parts.start(server.part())
        url = server.create("fuzz")
        schema.upgrade(url)
        app = staged_app()
        with served(app) as address, staged(app, address, url) as stage:
            stage.register()
            stage.client.put("/v1/rules/low", json=RULE)
            stage.upload({"month": "2025-05", "value": 1238, "known_from": "2025-06-20T02:00:00Z"})
            with stage.engine.begin() as connection:
                _, key = add_key(connection, name="fuzz", scopes=("admin",), now=stage.at)
            program = Path(sys.executable).with_name("schemathesis")
            run = [str(program), "run", f"{address}/openapi.json", "--checks", CHECKS, "--seed", "1"]
            run += ["--phases", "examples,coverage,fuzzing", "--max-examples", examples, "--no-color"]
            run += [word for path in LEFT_OUT for word in ("--exclude-path", path)]
            failed = 0
            for headers in (["-H", f"Authorization: Bearer {key}"], []):
                failed += subprocess.run([*run, *headers], check=False, cwd=name).returncode != 0
    return failed


if __name__ == "__main__":
    sys.exit(main())
