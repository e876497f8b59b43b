"""Placement: lanes spread evenly, an addition moves none but to the new cell, ids carry one."""

from __future__ import annotations

import uuid
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openclaw_common.contracts.ids import (
    cell_of,
    in_cell,
    new_delivery_id,
    new_run_id,
    parse_run_id,
)
from openclaw_common.contracts.tenants import in_tenant
from openclaw_common.store.placement import Placement

SESSIONS = [f"agent:main:openai-user:{number}" for number in range(20_000)]


@pytest.mark.parametrize(("founding", "cells"), [(2, 2), (5, 5), (16, 16), (1, 5), (3, 8)])
def test_sessions_are_spread_evenly(founding: int, cells: int) -> None:
    placement = Placement(founding, cells)
    found = Counter(placement.of_session(session)[0] for session in SESSIONS)
    share = 1 / cells
    deviation = (len(SESSIONS) * share * (1 - share)) ** 0.5
    # Binomial; within four and a half standard deviations all of 16 cells are but once in 9000.
    for cell in range(cells):
        assert abs(found[cell] - len(SESSIONS) * share) < 4.5 * deviation


@given(st.text(max_size=40), st.integers(1, 6), st.integers(0, 10))
def test_an_added_cell_takes_a_session_or_leaves_it_where_it_was(
    session: str, founding: int, more: int
) -> None:
    before = Placement(founding, founding + more).of_session(session)
    after = Placement(founding, founding + more + 1).of_session(session)
    assert after in (before, (founding + more, *before))


def test_what_never_moves_is_in_a_founding_cell() -> None:
    for cells in range(2, 6):
        placement = Placement(2, cells)
        for number in range(100):
            lane = f"telegram:bot{number}:42:"
            assert placement.of_destination(lane) == Placement(2, 2).of_destination(lane)
            assert placement.of_name(f"cron:{number}") < 2


def test_all_that_an_account_sends_is_in_one_cell_and_webhooks_are_spread() -> None:
    placement = Placement(4, 4)
    assert len({placement.of_destination(f"slack:bot:C{n}:") for n in range(100)}) == 1
    assert len({placement.of_destination(f"webhook:default:{n}:") for n in range(100)}) == 4


def test_a_tenants_sessions_are_together_and_tenants_are_spread() -> None:
    placement = Placement(4, 4)

    def cells(tenant: str) -> set[int]:
        return {placement.of_session(in_tenant(tenant, f"agent:main:{n}"))[0] for n in range(50)}

    assert all(len(cells(f"t{n}")) == 1 for n in range(40))
    assert len(set.union(*(cells(f"t{n}") for n in range(40)))) == 4


@pytest.mark.parametrize("cell", [0, 1, 9, 10, 255])
def test_an_id_carries_its_cell_in_every_form(cell: int) -> None:
    for made in (new_run_id(cell), new_delivery_id(cell)):
        assert cell_of(made) == cell
        assert str(uuid.UUID(made.partition("_")[2])) == made.partition("_")[2]
    run_id = new_run_id(cell)
    assert cell_of(in_cell(run_id, cell)) == cell
    assert in_cell(run_id, cell) == run_id
    assert parse_run_id(f"resp_{run_id.removeprefix('run_')}") == run_id


@given(st.uuids(version=5), st.integers(0, 255), st.integers(0, 255))
def test_an_id_may_be_placed_again(made: uuid.UUID, first: int, second: int) -> None:
    placed = in_cell(in_cell(f"run_{made}", first), second)
    assert cell_of(placed) == second
