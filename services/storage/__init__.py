"""PostgreSQL: tables, sessions and one module a concept; plain functions over a connection."""
