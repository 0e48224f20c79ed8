"""What people look at: plain functions that read, one module a thing, for API, pages and commands alike."""
