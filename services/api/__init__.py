"""The HTTP API under /v1: thin routes over use cases, and errors that are problems and say why."""
