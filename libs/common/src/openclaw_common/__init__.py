"""What every gateway process shares.

Four layers, each importing only those to its right: `queue` → `store` → `runtime` → `contracts`.
Nothing here serves HTTP, calls a model or knows a chat platform; those live in the services.
"""
