"""The whole gateway in one process, for trying it out and for development.

Belongs here: what stands in for the platform (an embedded Valkey, an embedded model, a first
configuration file, a token) and the composition of the services. May not live here: behaviour of
the gateway itself; that would be missing as soon as the services run apart.
"""
