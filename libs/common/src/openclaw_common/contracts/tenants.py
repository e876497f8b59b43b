"""Tenants: whose data something is, which the front of its stored name says.

What belongs to nobody in particular has no such front. No client can write one: a key that a client
chooses always ends up behind `agent:<id>:`.
"""

from __future__ import annotations

import re
from typing import Final

FRONT: Final = "tenant:"
_TENANT: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}\Z")
_STORED: Final = re.compile(r"tenant:([a-z0-9][a-z0-9_-]{0,62}):(.*)\Z", re.DOTALL)


def is_tenant(text: str) -> bool:
    """Whether `text` can be the name of a tenant."""
    return _TENANT.match(text) is not None


def in_tenant(tenant: str, name: str) -> str:
    """Return the stored form of a tenant's session key or job id; an empty tenant is none."""
    return f"{FRONT}{tenant}:{name}" if tenant else name


def tenant_of(stored: str) -> str:
    """Return whose a stored session key or job id is, empty for nobody's."""
    found = _STORED.match(stored)
    return found[1] if found else ""


def without_tenant(stored: str) -> str:
    """Return a stored session key or job id as its tenant calls it."""
    found = _STORED.match(stored)
    return found[2] if found else stored
