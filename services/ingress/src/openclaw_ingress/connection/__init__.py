"""The guard between a socket and aiohttp, which has limits neither for time nor for connections.

Belongs here: what concerns a connection whatever is asked over it. May not live here: anything
that knows a path, a caller or the store.
"""
