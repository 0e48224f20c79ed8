"""One thing at a time done beside another, within one transaction."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Any, Self


class Meanwhile:
    """One thing done beside another: PostgreSQL takes a part in while the next is compared.

    Whoever does work on the connection waits first, so that only one at a time speaks on it.
    """

    def __enter__(self) -> Self:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="history")
        self._doing: Future[None] | None = None
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._pool.shutdown()
        if kind is None:
            self.wait()

    def do(self, work: Callable[..., None], *arguments: Any) -> None:
        """Begin; what it raises is raised by ``wait``."""
        self.wait()
        self._doing = self._pool.submit(copy_context().run, work, *arguments)

    def wait(self) -> None:
        """Until it is done."""
        doing, self._doing = self._doing, None
        if doing is not None:
            doing.result()
