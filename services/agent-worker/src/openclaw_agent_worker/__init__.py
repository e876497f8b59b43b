"""Agent worker: executes runs, from a lease to a settled lease, and publishes their events.

Belongs here: the attempt, the agent behind its port, the model providers. May not live here:
anything that serves clients or sends to a channel, and another service's code. Only `worker.py`
knows arq; nothing under `agent/` or `models/` knows the store.
"""
