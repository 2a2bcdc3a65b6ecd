"""Wire: bytes on a connection. HTTP/1.1 server and client, WebSocket, SPDY/3.1, TLS contexts."""
