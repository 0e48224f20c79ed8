"""One kind of work: rows with a due time and a lease, claimed in turns, settled whatever they raise."""
