"""The Python client of the API: ``Client``, ``AsyncClient``, frames, and the check of a signature."""

from alerts.delivery.signing import verify
from services.client.calls import Figure
from services.client.clients import AsyncClient, Client
from services.client.errors import ApiError, ForecastNotReadyError
from services.client.frames import to_pandas, to_polars
from services.client.shapes import Alert, Forecast, Held, Report, Series, Step, StreamedAlert, Verdict

__all__ = [
    "Alert",
    "ApiError",
    "AsyncClient",
    "Client",
    "Figure",
    "Forecast",
    "ForecastNotReadyError",
    "Held",
    "Report",
    "Series",
    "Step",
    "StreamedAlert",
    "Verdict",
    "to_pandas",
    "to_polars",
    "verify",
]
