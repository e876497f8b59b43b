"""What every request passes through before its handler; one concern a file.

`app.py` shows the order. Belongs here: steps that look at any request. May not live here: anything
that one endpoint alone needs, or that reads a body.
"""
