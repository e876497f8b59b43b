"""Who is asking: client addresses, credentials, the failure limiter, scopes.

Belongs here: everything that decides whether a request is let in. May not live here: anything that
acts on a request that was.
"""
