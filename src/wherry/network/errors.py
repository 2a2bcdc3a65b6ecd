"""Errors: why a node's network could not be set up, and what to do about it."""


class NetworkError(Exception):
    """Something is in the way that somebody has to remove."""
