"""bench: what wherry costs and how fast it is, beside any other API server."""
