"""Bodies of the gateway's own answers."""
