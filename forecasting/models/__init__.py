"""Forecasting models: one protocol, one registry, one file a family. Heavy libraries load on first use."""
