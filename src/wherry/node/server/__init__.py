"""The node's server: logs, exec, attach, port-forward and statistics, for the API server."""
