"""The one error that ends a start of the standalone gateway."""

from __future__ import annotations


class StartError(Exception):
    """The gateway cannot start; the text says why and what to do."""
