"""Attachments are named and measured before anything is sent."""

from __future__ import annotations

import base64

import pytest

from openclaw_channels.attachments import (
    AttachmentRules,
    AttachmentTooLarge,
    attachment_name,
    load,
    too_large,
)
from openclaw_channels.base import PermanentFailure
from openclaw_common.contracts.delivery import Media
from openclaw_common.runtime.config.egress import Egress as EgressLimits
from openclaw_common.runtime.egress.fetch import Egress

RULES = AttachmentRules(max_bytes=4, timeout_s=1)


def data(raw: bytes) -> Media:
    return Media("image/png", data=base64.b64encode(raw).decode())


@pytest.mark.parametrize(
    ("media", "name"),
    [
        (Media("image/png", filename="a.png", url="https://e.com/b.png"), "a.png"),
        (Media("image/png", url="https://e.com/x/b%20c.png?d=e"), "b c.png"),
        (Media("image/png", filename="../../etc/passwd"), "passwd"),
        (Media("image/png", filename="C:\\temp\\a.png"), "a.png"),
        (Media("image/png", filename="a\r\nb.png"), "ab.png"),
        (Media("image/png", filename=".."), "file.png"),
        (Media("image/png", url="https://e.com/"), "file.png"),
        (Media("x/unknown"), "file"),
    ],
)
def test_the_name_is_a_plain_file_name(media: Media, name: str) -> None:
    assert attachment_name(media) == name


async def test_data_is_decoded_within_the_limit() -> None:
    egress = Egress(EgressLimits())
    assert (await load(data(b"1234"), egress, RULES)).data == b"1234"
    for size in (5, 6, 7, 1000):
        with pytest.raises(AttachmentTooLarge):
            await load(data(b"1" * size), egress, RULES)


@pytest.mark.parametrize("media", [Media("image/png", data="?"), Media("image/png")])
async def test_what_is_no_file_fails_for_good(media: Media) -> None:
    with pytest.raises(PermanentFailure):
        await load(media, Egress(EgressLimits()), RULES)


async def test_a_file_of_the_inside_is_not_fetched() -> None:
    media = Media("image/png", url="http://127.0.0.1/a.png")
    with pytest.raises(PermanentFailure, match="no public address"):
        await load(media, Egress(EgressLimits()), RULES)


def test_words_in_place_of_a_file_name_it() -> None:
    assert too_large(Media("a/b", url="https://e.com/a"), "X") == "https://e.com/a"
    assert (
        too_large(Media("a/b", filename="a`b"), "X") == "(The attachment `a'b` is too large for X.)"
    )
