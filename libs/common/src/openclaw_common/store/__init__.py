"""Everything that is in Redis: keys, atomic steps, run streams, records.

Belongs here: the only place that names a key or a Redis command; one module per structure, one Lua
file per atomic step. May not live here: HTTP, models, the worker loop, any policy of a service.
"""
