"""Tools that the worker executes itself, one tool or one family a file, and what runs them.

Belongs here: `Tool`, the registry, the policy that says which agent may use which, calling one
within its limits, the built-in tools. May not live here: the agent's loop, redis, a client's tools
(those are the client's to execute).
"""
