"""The road of the schema."""
