"""`openclaw-gateway`: the command line of the gateway.

Belongs here: an HTTP client of the ingress and its commands, and `up`, which hands over to
openclaw-standalone. May not live here: anything that reads Redis or knows how a run is executed.
"""
