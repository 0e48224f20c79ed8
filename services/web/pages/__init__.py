"""One module a page, beside its template."""
