"""The Python client of the API: ``Client``, ``AsyncClient``, frames, and the check of a signature."""

from alerts.delivery.signing import verify
from services.client.async_client import AsyncClient
from services.client.calls import Figure
from services.client.client import Client
from services.client.errors import ApiError, ForecastNotReadyError, JobNotDoneError, UploadFailedError
from services.client.frames import to_pandas, to_polars
from services.client.shapes import (
    Alert,
    Episode,
    Forecast,
    Held,
    Job,
    Release,
    Report,
    Series,
    Standing,
    Step,
    StreamedAlert,
    Verdict,
)

__all__ = [
    "Alert",
    "ApiError",
    "AsyncClient",
    "Client",
    "Episode",
    "Figure",
    "Forecast",
    "ForecastNotReadyError",
    "Held",
    "Job",
    "JobNotDoneError",
    "Release",
    "Report",
    "Series",
    "Standing",
    "Step",
    "StreamedAlert",
    "UploadFailedError",
    "Verdict",
    "to_pandas",
    "to_polars",
    "verify",
]
