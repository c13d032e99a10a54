"""Long stories at both pretend stores: whatever happens, points are what the store's state says.

Orders are placed, paid, refunded, cancelled, trashed, restored and paid with codes that points
were redeemed for; accounts are merged; rules and tiers change; webhooks are lost, doubled and come
in any sequence; workers are killed between any two statements; the store's clock is an hour off.
In the end the stores are read once, as they are every hour, and what everybody has is compared with
what an oracle makes of the stores' orders alone.

LONG_STORIES is how many stories are told at each store (default 40), LONG_STEPS how many steps one
has (default 50), LONG_SEED what they are drawn from (default 1).
"""

import os
from contextlib import ExitStack

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from jobs.context import Context
from tests.conftest import AppServer, empty_tables
from tests.long.shopify_stage import ShopifyStage
from tests.long.stage import Stage
from tests.long.story import Story
from tests.long.woocommerce_stage import WooCommerceStage

STORIES = int(os.environ.get("LONG_STORIES", "40"))
STEPS = int(os.environ.get("LONG_STEPS", "50"))
SEED = int(os.environ.get("LONG_SEED", "1"))
KINDS = [WooCommerceStage, ShopifyStage]


@pytest.fixture
def told(
    shared_context: Context, app_server: AppServer, superuser: Engine, kind: type[Stage]
) -> type[Story]:
    """Stories at stores of one kind, each on an empty database."""

    def make(stack: ExitStack) -> Stage:
        empty_tables(superuser)
        shared_context.redis.flushdb()
        return kind(shared_context, app_server, stack)  # type: ignore[call-arg]

    made = type(f"{kind.__name__}Story", (Story,), {"superuser": superuser})
    made.make = staticmethod(make)  # type: ignore[attr-defined]
    return made


def tell(told: type[Story], stories: int, steps: int, drawn_from: int) -> None:
    run_state_machine_as_test(
        seed(drawn_from)(told),
        settings=settings(
            max_examples=stories,
            stateful_step_count=steps,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_points_are_what_the_stores_state_says_in_short_stories(told: type[Story]) -> None:
    tell(told, stories=2, steps=20, drawn_from=1)


@pytest.mark.long
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("kind", KINDS)
def test_points_are_what_the_stores_state_says(told: type[Story]) -> None:
    tell(told, STORIES, STEPS, SEED)
