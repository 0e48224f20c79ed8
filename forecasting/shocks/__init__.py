"""Shocks: one figure judged against the forecast made before it, typed, and followed to its end."""
