"""CRI: the Container Runtime Interface v1 in Python: messages, calls, and a Runtime made of them."""
