"""The listening socket."""

from __future__ import annotations

import socket
from typing import Final

BACKLOG: Final = 1024
"""Connections that the kernel holds until they are accepted."""


def open_listener(
    host: str, port: int, *, send_buffer_bytes: int, reuse_port: bool = False
) -> socket.socket:
    """Return a bound socket that does not listen yet; port 0 lets the system choose.

    Accepted sockets inherit the send buffer, which is fixed because the kernel would otherwise let
    it grow to megabytes for a reader that does not read. `reuse_port` lets several processes
    share the port. Raises OSError when the address cannot be had.
    """
    family, kind, protocol, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if reuse_port:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer_bytes)
        listener.bind(address)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
