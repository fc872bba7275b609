"""Bodies on the wire. Tables and wire share no base class: a new column is not client-writable by accident."""
