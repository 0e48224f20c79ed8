"""A customs site of our own: the index and pages in the wire format recorded of GACC, and its misdeeds."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

NBSP = "&nbsp;"
Answer = tuple[int, dict[str, str], bytes]


@dataclass
class Site:
    """What each path answers; ``asked`` is every request line that came, with its headers."""

    answers: dict[str, Answer | Callable[[dict[str, str]], Answer]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    address: str = ""

    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """The site on a port of this machine; answers carry an ETag and honour If-None-Match."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # else a body waits 40 ms behind its head

        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            posted = self.rfile.read(length).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            site.asked.append((self.path + (f" {posted}" if posted else ""), headers))
            found = site.answers.get(self.path) or site.answers.get(urlsplit(self.path).path)
            status, given, body = (
                (404, {}, b"nothing here")
                if found is None
                else found({**headers, ":path": self.path, ":body": posted})
                if callable(found)
                else found
            )
            etag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
            if status == 200 and headers.get("if-none-match") == etag:
                status, body = 304, b""
            self.send_response(status)
            for name, value in {"ETag": etag, **given}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def html(body: str, **headers: str) -> Answer:
    return 200, {"Content-Type": "text/html; charset=utf-8", **headers}, body.encode()


def row(label: str, unit: str, quantity: str, value: str, *, deep: int = 0) -> list[str]:
    """Ten cells: the month, the year to date, the prior one, and two changes."""
    return [NBSP * deep + label, unit, quantity, value, quantity, value, quantity, value, "1.0", "2.0"]


OTHERS = [
    row(
        "Agricultural products\N{FULLWIDTH LEFT PARENTHESIS}1\N{FULLWIDTH RIGHT PARENTHESIS}",
        "-",
        "-",
        "8,210.4",
    ),
    row("of which: Aquatic products", "10,000 Tons", "31.2", "1,604.7", deep=2),
    row("Motor vehicles, including chassis", "10,000 Autos", "62.0", "11,164.1"),
]


def page(
    title: str,
    rows: list[list[str]],
    *,
    unit: str = "USD1 Million",
    printed: str = "2025/05/09",
    content: str | None = None,
) -> str:
    """One release's page; ``content`` stands in place of the table where it is given."""
    heads = [
        "Commodity",
        "Quantity Unit",
        "Quantity",
        "Value",
        "Quantity",
        "Value",
        "Quantity",
        "Value",
        "Quantity",
        "Value",
    ]
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in rows)
    table = (
        f"-EndFragment--&gt;<table><tr><td colspan=10><span>Unit: {unit}</span></td></tr>"
        f"<tr>{''.join(f'<td>{head}</td>' for head in heads)}</tr>{body}</table>"
    )
    return (
        f'<html><body><div class="atcl-ttl">{title}</div><div class="atcl-date">{printed}</div>'
        f'<div class="atcl-cnt">{table if content is None else content}</div></body></html>'
    )


def exports_title(month: str, year: int, currency: str = "USD") -> str:
    return f"(5) Major Export Commodities in Quantity and Value, {month} {year} (in {currency})"


def index(published: dict[str, str], *, year: int = 2025) -> str:
    """The year's index: months that are out are links without quotes, the others plain spans."""
    months = ["Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    cells = "".join(
        f"<a href=http://english.customs.gov.cn{published[month]}>{month}</a>"
        if month in published
        else f"<span>{month}</span>"
        for month in months
    )
    return (
        '<div class="nr-n-content-detail"><table>'
        f"<tr><td>(4) Imports and Exports by Country, {year} (in USD)</td>"
        "<td><a href=http://x/Statics/c.html>Apr</a></td></tr>"
        f"<tr><td>(5) Major Export Commodities in Quantity and Value, {year} (in CNY)</td>"
        "<td><a href=http://x/Statics/cny.html>Apr</a></td></tr>"
        f"<tr><td>(5) Major Export Commodities in Quantity and Value, {year} (in USD)</td>"
        f"<td>{cells}</td></tr>"
        "</table></div>"
    )
