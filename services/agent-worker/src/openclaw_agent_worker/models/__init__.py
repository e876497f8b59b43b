"""Model providers: HTTP to them, their wire protocols, and what their failures mean to a client.

May not live here: the store, leases, prompts, retries.
"""
