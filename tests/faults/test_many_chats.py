"""Two thousand chats of one bot at once: nobody waits on a stranger's lane, and its rates hold."""

from __future__ import annotations

import asyncio
import logging
import time
from bisect import bisect_left
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.fakes.channels.platform import Fault, Offer
from tests.fakes.channels.telegram import TOKEN, FakeTelegram
from tests.fakes.channels.telegram_people import private
from tests.harness.fleet import Fleet
from tests.harness.processes import python, start

logger = logging.getLogger(__name__)

CHATS: Final = 2000
TALKATIVE: Final = range(100, 120)
"""People who write three messages in a row; a chat takes one answer a second."""
HANGING: Final = 150
SLOWED: Final = 151
"""Whose run does not end, and whom the platform lets nothing be sent to."""
PER_SECOND: Final = 100
JITTER_S: Final = 1.0
"""How much later than its turn a message may arrive on a busy host, and then with others."""
LIMIT_S: Final = 150


@asynccontextmanager
async def running(folder: Path, telegram: FakeTelegram) -> AsyncIterator[Fleet]:
    section = {
        "dmPolicy": "open",
        "allowFrom": ["*"],
        "botToken": TOKEN,
        "apiRoot": telegram.base_url,
        "botPerSecond": PER_SECOND,
        "typing": False,
    }
    config = {
        "channels": {"telegram": section},
        "session": {"dmScope": "per-peer"},
        "messages": {"inbound": {"byChannel": {"telegram": 0}}},
    }
    async with Fleet(folder, workers=2, config=config) as fleet:
        command = python("-m", "openclaw_delivery", "--config", str(fleet.config_path))
        posts = [start(f"delivery-{number}", command, folder) for number in range(2)]
        try:
            yield fleet
        finally:
            await asyncio.gather(*(post.end() for post in posts))


@pytest.mark.timeout(300)
async def test_every_chat_is_answered_in_its_order_and_at_the_bots_rate(tmp_path: Path) -> None:
    async with FakeTelegram() as telegram, running(tmp_path, telegram):
        telegram.decide = slow_one
        expected: dict[str, list[str]] = defaultdict(list)
        await telegram.say("/fake say up", private(CHATS + 1))
        expected[str(CHATS + 1)].append("up")
        async with asyncio.timeout(60):
            await telegram.taken(1)
        asked_at = time.time()
        for turn in range(3):
            for chat in range(1, CHATS + 1):
                if turn and chat not in TALKATIVE:
                    continue
                words = "/fake hang after=0" if chat == HANGING else f"/fake say {chat}.{turn}"
                await telegram.say(words, private(chat))
                if chat not in (HANGING, SLOWED):
                    expected[str(chat)].append(f"{chat}.{turn}")
        wanted = sum(map(len, expected.values()))
        async with asyncio.timeout(LIMIT_S):
            await telegram.taken(wanted)
        answered: dict[str, list[str]] = defaultdict(list)
        for taken in telegram.accepted:
            answered[taken.to].append(taken.text)
        assert answered == expected
        moments = sorted(taken.at for taken in telegram.accepted)[1:]
        for window_s in (5.0, 10.0):
            assert busiest(moments, window_s) <= PER_SECOND * (window_s + 2 * JITTER_S)
        assert len(moments) / (moments[-1] - moments[0]) <= PER_SECOND * 1.02
        assert len([a for a in telegram.attempts if a.to == str(SLOWED)]) <= 2
        waits = sorted(moment - asked_at for moment in moments)
        logger.info(
            "%d answers: first %.2f s, median %.2f s, last %.2f s; at most %d in a second",
            wanted,
            waits[0],
            waits[len(waits) // 2],
            waits[-1],
            busiest(moments, 1.0),
        )


def slow_one(offer: Offer) -> Fault | None:
    return Fault.rate_limit(600) if offer.to == str(SLOWED) else None


def busiest(moments: Sequence[float], seconds: float) -> int:
    """Return the most moments within a window of so many seconds."""
    return max(
        index + 1 - bisect_left(moments, moment - seconds) for index, moment in enumerate(moments)
    )
