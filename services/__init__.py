"""The outside: storage, use cases, API, workers, command line and the local stack."""
