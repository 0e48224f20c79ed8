"""What the service does, as plain functions; routes, tasks and commands are thin shells around them."""
