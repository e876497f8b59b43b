"""How hard a model is to think, from OpenClaw's word for it to what its provider takes."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic_ai.profiles.openai import OPENAI_REASONING_EFFORT_MAP
from pydantic_ai.settings import ThinkingLevel

from openclaw_agent_worker.models.target import Target

EFFORTS: Final = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
"""OpenAI's levels, from least to most."""

logger = logging.getLogger(__name__)

LEVELS: Final[Mapping[str, ThinkingLevel]] = {
    "off": False,
    "none": False,
    "on": True,
    "adaptive": True,
    "minimal": "minimal",
    "low": "low",
    "medium": "medium",
    "high": "high",
    "xhigh": "xhigh",
    "max": "max",
}


def level_of(word: str | None) -> ThinkingLevel | None:
    """Return the level that a request's `thinking` names; None leaves it to the model.

    The contract takes any text there (§3.3), so a word that names no level is told and passed over.
    """
    if word is None:
        return None
    level = LEVELS.get(word.strip().lower())
    if level is None:
        logger.info("thinking_level_unknown", extra={"thinking": word[:32]})
    return level


def applies(target: Target, *, supported: bool) -> bool:
    """Whether `target` is told a level; `supported` is what its family knows of it.

    What the configuration says (`reasoning`) comes first.
    """
    thinks = supported if target.facts.reasoning is None else target.facts.reasoning
    if not thinks:
        extra = {"provider": target.provider, "model": target.model_id}
        logger.debug("thinking_ignored", extra=extra)
    return thinks


def effort_of(level: ThinkingLevel, accepted: Iterable[str] | None) -> str | None:
    """Return OpenAI's `reasoning_effort` for a level; `accepted` is what the model takes, if known.

    A model that lacks the level gets the nearest one above, else its highest; one that cannot stop
    thinking its lowest. None sends nothing.
    """
    wanted = OPENAI_REASONING_EFFORT_MAP[level]
    if accepted is None:
        return wanted
    order = [effort for effort in EFFORTS if effort in set(accepted)]
    above = [effort for effort in order if EFFORTS.index(effort) >= EFFORTS.index(wanted)]
    return next(iter([*above, *reversed(order)]), None)
