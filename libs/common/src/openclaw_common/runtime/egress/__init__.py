"""Egress: the one way to fetch a URL that a stranger chose (a model, a user, a hook).

Belongs here: what may be asked for, which addresses may be connected to, and the fetch that keeps
to both. May not live here: requests to addresses that the operator configured (providers,
channels), and what is done with the answer.
"""
