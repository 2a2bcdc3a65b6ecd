"""Network: what makes pods and Services reachable: a node's pod network and the Service proxy."""
