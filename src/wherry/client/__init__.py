"""Client: the API from the caller's side: typed calls, transports, caches, queues, kubeconfig."""
