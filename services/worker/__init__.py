"""Celery: the hands. The database holds what is due; a task is a nudge to look."""
