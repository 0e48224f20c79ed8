"""The way in: readers that take a file apart and refuse it whole, by row and reason, or not at all."""
