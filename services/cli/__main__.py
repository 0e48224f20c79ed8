"""``python -m services.cli``: the command ``tonnage``, where its script is not installed."""

from services.cli import app

app()
