"""Container runtimes: how the node agent runs sandboxes and containers, one file per runtime."""
