"""The fault tests of the main job, over two cells: here `fleet` is the one of this folder."""

from __future__ import annotations

from tests.faults.test_acceptance import (
    pytestmark,
    test_an_ingress_killed_right_after_accepting_a_run_loses_nothing,
    test_runs_and_streams_survive_a_restart_of_redis,
)
from tests.faults.test_sessions import (
    test_messages_of_a_session_are_answered_one_by_one_in_the_order_of_acceptance,
)
from tests.faults.test_streams import (
    test_streams_cut_at_random_bytes_and_resumed_on_the_other_replica_are_byte_equal,
)
from tests.faults.test_worker_death import (
    test_a_killed_worker_under_its_supervisor_is_replaced_and_no_reader_notices,
    test_a_worker_lost_with_its_host_is_replaced_within_the_lease_and_a_second,
)

__all__ = [
    "pytestmark",
    "test_a_killed_worker_under_its_supervisor_is_replaced_and_no_reader_notices",
    "test_a_worker_lost_with_its_host_is_replaced_within_the_lease_and_a_second",
    "test_an_ingress_killed_right_after_accepting_a_run_loses_nothing",
    "test_messages_of_a_session_are_answered_one_by_one_in_the_order_of_acceptance",
    "test_runs_and_streams_survive_a_restart_of_redis",
    "test_streams_cut_at_random_bytes_and_resumed_on_the_other_replica_are_byte_equal",
]
