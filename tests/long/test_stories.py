"""Long stories at both pretend stores: whatever happens, points are what the store's state says.

Orders are placed, paid, refunded, cancelled, trashed, restored and paid with codes that points
were redeemed for; accounts are merged; rules and tiers change; webhooks are lost, doubled and come
in any sequence; workers are killed between any two statements; the store fails, or does what it is
asked and loses its answer; its clock is an hour off.
In the end the stores are read once, as they are every hour, and what everybody has is compared with
what an oracle makes of the stores' orders alone.

Stories are told in batches, each at a store of its own and drawn from a seed of its own, so that a
batch in which one fails can be told again alone; its steps are printed. LONG_STORIES is how many
stories are told at each store (default 5,000), LONG_STEPS how many steps one has (50), LONG_SEED
what they are drawn from (1), LONG_BATCH the number of the only batch to tell, with all else as it
was, and LONG_PART which part of all batches is told, such as 1/2.
"""

import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

import pytest
import structlog
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine, create_engine

from bazgasht.app import create_app
from bazgasht.memory import spare_what_is_loaded
from bazgasht.services import RunningServices
from connector.http import GuardedSession
from jobs import context as job_context
from jobs.context import Context
from tests.conftest import AppServer, empty_tables
from tests.long.kept_tables import keeping_tables
from tests.long.shopify_stage import ShopifyStage
from tests.long.stage import Stage
from tests.long.story import Story
from tests.long.woocommerce_stage import WooCommerceStage

STORIES = int(os.environ.get("LONG_STORIES", "5000"))
STEPS = int(os.environ.get("LONG_STEPS", "50"))
SEED = int(os.environ.get("LONG_SEED", "1"))
AT_ONCE = 25
KINDS = [WooCommerceStage, ShopifyStage]


@pytest.fixture
def quick(
    services: RunningServices, shared_context: Context, app_server: AppServer
) -> Iterator[Context]:
    """Connections that are not tried before each use: nobody kills the database here."""
    engine = create_engine(services.app_url, pool_size=20)
    context = replace(shared_context, engine=engine)
    shared_app, app_server.app = app_server.app, create_app(context)
    job_context.use(context)
    yield context
    job_context.use(shared_context)
    app_server.app = shared_app
    engine.dispose()


@contextmanager
def opened(
    kind: type[Stage], context: Context, server: AppServer, superuser: Engine
) -> Iterator[type[Story]]:
    """Stories at one store, with the app newly installed before each."""
    empty_tables(superuser)
    context.redis.flushdb()
    with ExitStack() as stack, pytest.MonkeyPatch.context() as patch:
        # What fails is tried again at once.
        patch.setattr(GuardedSession, "_pause", lambda *_: 0.0)
        stage = kind(context, server, stack)  # type: ignore[call-arg]
        tables = stack.enter_context(keeping_tables(superuser))
        named = {"stage": stage, "tables": tables, "superuser": superuser}
        yield type(f"{kind.__name__}Story", (Story,), named)


def tell(story: type[Story], stories: int, steps: int, drawn_from: int) -> None:
    run_state_machine_as_test(
        seed(drawn_from)(story),
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
def test_points_are_what_the_stores_state_says_in_short_stories(
    kind: type[Stage], quick: Context, app_server: AppServer, superuser: Engine
) -> None:
    with opened(kind, quick, app_server, superuser) as story:
        tell(story, stories=2, steps=20, drawn_from=1)


@pytest.fixture
def few_words() -> Iterator[None]:
    """Thousands of stories must not leave every line that is logged in memory."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    yield
    structlog.reset_defaults()


def say(text: str) -> None:
    sys.stdout.write(f"\n{text}\n")
    sys.stdout.flush()


def batches_to_tell() -> list[int]:
    if alone := os.environ.get("LONG_BATCH"):
        return [int(alone)]
    part, parts = map(int, os.environ.get("LONG_PART", "1/1").split("/"))
    return list(range(-(-STORIES // AT_ONCE)))[part - 1 :: parts]


@pytest.mark.long
@pytest.mark.timeout(0)
@pytest.mark.usefixtures("few_words")
@pytest.mark.parametrize("kind", KINDS)
def test_points_are_what_the_stores_state_says(
    kind: type[Stage],
    quick: Context,
    app_server: AppServer,
    superuser: Engine,
    capsys: pytest.CaptureFixture[str],
) -> None:
    spare_what_is_loaded()
    began, told, failed = time.monotonic(), 0, []
    batches = batches_to_tell()
    for number in batches:
        count = min(AT_ONCE, STORIES - number * AT_ONCE)
        with opened(kind, quick, app_server, superuser) as story:
            try:
                tell(story, count, STEPS, SEED * 1_000_000 + number)
            except Exception:  # noqa: BLE001 -- the other batches are told, too
                failed.append(number)
                with capsys.disabled():
                    say(traceback.format_exc())
            told += story.finished
        with capsys.disabled():
            say(
                f"{kind.__name__}: {told} stories in {time.monotonic() - began:.0f} s,"
                f" {batches.index(number) + 1} of {len(batches)} batches, failed: {failed}"
            )
    assert not failed, f"tell them again one by one with LONG_SEED={SEED} LONG_BATCH=…"
