"""The agent: one turn of a conversation, from a request to typed events.

Belongs here: the port, the prompt, the transcript's form and the implementation over pydantic-ai.
May not live here: the store, leases, run events, HTTP to a provider.
"""
