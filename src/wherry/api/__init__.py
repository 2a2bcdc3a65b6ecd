"""api: what exists. One file per kind: its types, defaults, validation and columns."""
