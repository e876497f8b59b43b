"""What every process needs before it does its work: configuration, logs, traces, metrics, health.

Belongs here: code that knows the process it runs in. May not live here: anything that knows Redis,
HTTP handlers or agents. Imports only `contracts`.
"""
