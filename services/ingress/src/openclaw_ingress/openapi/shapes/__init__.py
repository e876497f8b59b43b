"""Types of request and response bodies that exist for the document alone.

Belongs here: TypedDicts, one module per family of endpoints, for what `schemas/` checks by hand or
a view writes as a plain object. A test holds them against the parsers and the answers.
"""
