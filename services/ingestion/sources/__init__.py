"""Connectors: what each public source is asked, and how its answers are read or refused."""
