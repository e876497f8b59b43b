"""The one error of this package."""

from __future__ import annotations


class ConfigError(Exception):
    """The configuration cannot be used; the text names the file, the place in it and the remedy.

    One line a problem. Never holds a value of the configuration, as that may be a secret.
    """
