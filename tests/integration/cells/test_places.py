"""A cell is its place in the list: a list in another order is refused before anything is begun."""

from __future__ import annotations

import pytest

from openclaw_common.runtime.config import ConfigError
from tests.harness.processes import free_port
from tests.integration.cells.support import Fleet


async def test_urls_in_another_order_are_refused(fleet: Fleet) -> None:
    first, second = fleet.urls
    await fleet.store()
    with pytest.raises(ConfigError, match=r"redis\.urls\[0\].*holds the cells 1, but not 0"):
        await fleet.store(second, first)


@pytest.mark.parametrize("away", [0, 1])
async def test_urls_in_another_order_are_refused_while_a_cell_is_away(
    fleet: Fleet, away: int
) -> None:
    await fleet.store()
    urls = fleet.urls[::-1]
    urls[away] = f"redis://127.0.0.1:{free_port()}/0"
    with pytest.raises(ConfigError):
        await fleet.store(*urls)


async def test_a_url_that_is_left_out_in_front_is_missed(fleet: Fleet) -> None:
    await fleet.store()
    with pytest.raises(ConfigError):
        await fleet.store(fleet.urls[1])


@pytest.mark.parametrize("away", [0, 1])
async def test_a_process_starts_while_a_cell_is_away(fleet: Fleet, away: int) -> None:
    await fleet.store()
    await fleet.without(away)


async def test_several_cells_may_share_a_database_and_get_more(fleet: Fleet) -> None:
    url, other = fleet.urls
    await fleet.store(url, url, url)
    await fleet.store(url, url, url)
    await fleet.store(url, url, url, other, url, founding=3)
    with pytest.raises(ConfigError, match=r"redis\.urls\[3\]"):
        await fleet.store(url, url, url, url, other, founding=3)
