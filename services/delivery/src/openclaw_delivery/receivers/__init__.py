"""Connections on which accounts receive: who holds which, and what comes in on them.

Belongs here: the leases of accounts, and the loop that keeps one account connected. What is
particular to a platform is its channel's; what becomes of a message is `inbound`'s in common.
"""
