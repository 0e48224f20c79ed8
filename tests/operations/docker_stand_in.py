"""Run as ``docker`` by the commands of a page: what they would do in a container is done by a process here.

``docker compose run`` and ``exec`` alone, with the options of those commands; any other is an error. The
first argument names a JSON file: of each service the environment, the folder and, as ``network``, what
stands for the address of another one. A mounted folder is put where the command names it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path


def main(plan_file: str, *words: str) -> int:
    """The status of the command in its container."""
    plan = json.loads(Path(plan_file).read_text())
    compose, how, *rest = words
    if compose != "compose" or how not in {"run", "exec"}:
        raise SystemExit(f"this docker knows no {words}")
    given: dict[str, str] = {}
    mounted: dict[str, str] = {}
    while rest[0].startswith("-"):
        option = rest.pop(0)
        if option == "-e":
            name, _, value = rest.pop(0).partition("=")
            given[name] = value
        elif option == "-v":
            outside, _, inside = rest.pop(0).partition(":")
            mounted[inside] = outside
        elif option != "--rm":
            raise SystemExit(f"this docker knows no {option}")
    service = plan[rest.pop(0)]
    for inside, outside in mounted.items():
        Path(outside).mkdir(exist_ok=True)
        rest = [re.sub(rf"(?<![\w.]){re.escape(inside)}(?=/|$)", outside, word) for word in rest]
    for host, address in service["network"].items():
        given = {name: value.replace(host, address) for name, value in given.items()}
    environment = service["environment"] | given
    os.environ["PATH"] = environment["PATH"]
    return subprocess.run(rest, env=environment, cwd=service["folder"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
