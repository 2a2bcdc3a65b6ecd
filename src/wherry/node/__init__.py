"""node: the agent on each machine: runs the Pods bound to it and says how they are."""
