"""The server: routes, sockets, who may do what, and its life."""
