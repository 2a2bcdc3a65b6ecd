"""cluster: the composition root: the one place that knows every room, and puts them together."""
