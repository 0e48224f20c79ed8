"""The dashboard: pages rendered on the server, from the same queries and use cases as the API."""
