"""Run as a module: send one message through Apprise, with the guard at every socket of this process.

Reads one JSON object {url, allowed, seconds, title, body} and writes {sent, forbidden, detail}.
"""

from __future__ import annotations

import ipaddress
import json
import sys
from collections.abc import Sequence
from typing import Any

from alerts.delivery.channels import without_addresses
from alerts.delivery.errors import ForbiddenAddressError
from alerts.delivery.guard import Network, check_address

_LOCAL = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "syslog.syslog"}
_DIALS = {"socket.connect", "socket.sendto", "socket.sendmsg"}


def main() -> None:
    """Send what stands on standard input."""
    import apprise  # noqa: PLC0415 - before the guard: loading it may look at the machine
    from apprise.plugins import N_MGR  # noqa: PLC0415 - as above

    task = json.load(sys.stdin)
    N_MGR.load_modules()  # type: ignore[no-untyped-call]  # Apprise ships half of its types
    allowed = [ipaddress.ip_network(each) for each in task["allowed"]]
    refused: list[str] = []
    asset = apprise.AppriseAsset(app_id="Tonnage", plugin_paths=[], async_mode=False)
    service = apprise.Apprise.instantiate(task["url"], asset=asset, suppress_exceptions=True)
    if service is None:
        _answer(detail="Apprise knows no such URL")
        return
    service.socket_connect_timeout = service.socket_read_timeout = task["seconds"]
    plain = task["url"].partition(":")[0].lower() in _names(service.protocol)
    sys.addaudithook(_guard(allowed, plain=plain, refused=refused))
    logs = apprise.LogCapture(level=apprise.logging.WARNING, fmt="%(message)s")  # type: ignore[no-untyped-call]  # as above
    with logs as said:
        sent = bool(service.notify(title=task["title"], body=task["body"]))
        detail = "; ".join(filter(None, said.getvalue().splitlines()))
    _answer(sent=sent, forbidden=bool(refused), detail="; ".join(refused) or without_addresses(detail))


def _names(protocol: Any) -> tuple[str, ...]:
    """Schemas under which a service speaks without encryption: none, one, or several."""
    return (protocol,) if isinstance(protocol, str) else tuple(protocol or ())


def _guard(allowed: Sequence[Network], *, plain: bool, refused: list[str]) -> Any:
    def hook(event: str, given: tuple[Any, ...]) -> None:
        if event in _LOCAL:
            refused.append("it would start a program on this machine")
            raise PermissionError(refused[-1])
        if event not in _DIALS or given[1] is None:
            return
        try:
            address = ipaddress.ip_address(given[1][0])
            check_address(address, allowed=allowed, plain=plain)
        except (ForbiddenAddressError, ValueError, TypeError, IndexError) as error:
            refused.append(str(error))
            raise PermissionError(refused[-1]) from error  # every service expects an OSError here

    return hook


def _answer(*, sent: bool = False, forbidden: bool = False, detail: str = "") -> None:
    json.dump(
        {"sent": sent, "forbidden": forbidden, "detail": detail or "the service refused it"}, sys.stdout
    )


if __name__ == "__main__":
    main()
