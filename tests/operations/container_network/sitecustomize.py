"""Python starts with this: to the services of docker-compose.yml run as processes, loopback is their network.

Between containers the desk has an address of the network that compose makes; here it has one of this machine,
which production rightly refuses to send webhooks to. Nothing else of the settings is touched.
"""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType


class _Network(MetaPathFinder):
    def find_spec(self, fullname: str, *_: object) -> ModuleSpec | None:
        if fullname != "services.settings":
            return None
        sys.meta_path.remove(self)
        spec = find_spec(fullname)
        assert spec is not None
        assert spec.loader is not None
        read = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            read(module)
            module._HERE = ()

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


sys.meta_path.insert(0, _Network())
