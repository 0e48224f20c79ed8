"""Charts as SVG made on the server: nothing to load, coloured by the page's tokens, no script needed."""
