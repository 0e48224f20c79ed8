"""What routes ask for: the service they work with, and who asks."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from services.bootstrap import Service


async def _service(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


TheService = Annotated[Service, Depends(_service)]
