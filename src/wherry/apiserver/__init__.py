"""apiserver: HTTP to store. The only room that knows the store; everybody else comes through here."""
