"""Pure data that crosses a process boundary, and the errors every service speaks.

Belongs here: frozen dataclasses with their wire codec, ids, the error tree, and rules over them
that two services must read alike. May not live here: anything that does I/O, reads a clock or the
environment, or imports another layer.
"""
