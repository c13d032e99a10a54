"""The state machines over the pure ledger, at length.

LONG_RUNS is how many runs of 50 steps each makes (default 10,000), LONG_SEED what they are drawn
from (default 1), and LONG_PART which part of them is made, such as 1/2.
"""

import os

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from tests.retention.ledger.test_machine import Ledger
from tests.retention.ledger.test_redemption_machine import Redeeming

RUNS = int(os.environ.get("LONG_RUNS", "10000"))
SEED = int(os.environ.get("LONG_SEED", "1"))
PART, PARTS = map(int, os.environ.get("LONG_PART", "1/1").split("/"))


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("machine", [Ledger, Redeeming])
def test_the_ledger_is_right_over_many_runs(machine: type[RuleBasedStateMachine]) -> None:
    run_state_machine_as_test(
        seed(SEED * 1000 + PART)(machine),
        settings=settings(
            max_examples=-(-RUNS // PARTS),
            stateful_step_count=50,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
