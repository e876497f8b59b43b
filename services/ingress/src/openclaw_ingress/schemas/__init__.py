"""What request bodies may hold: one module per part of a body, each text as in contract.md.

Belongs here: pure functions from parsed JSON to the dataclasses of `contracts`, raising
InvalidRequest. May not live here: reading a request, the configuration as a whole, Redis.
JSON null counts as absent everywhere.
"""
