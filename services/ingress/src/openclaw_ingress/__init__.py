"""The HTTP ingress: authenticates, validates, enqueues, and relays run streams. Keeps no state.

`app.py` builds the application from lists, `service.py` runs it on a guarded listener. Belongs
here: everything between a socket and the store. May not live here: calling a model, sending to a
channel, or an import of another service.
"""
