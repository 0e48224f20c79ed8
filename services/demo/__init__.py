"""The demonstration: China's rare-earth exports of 2025, replayed as they became known."""
