"""How a message reaches a desk: signed, guarded, retried on a fixed schedule, and settled with a reason."""
