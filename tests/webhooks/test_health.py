"""Whether the app lives, is ready, and what it tells a monitor."""

import re
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import Engine

from bazgasht.app import create_app
from bazgasht.composition import redis_client
from database import inbox, results
from database.session import connect, store_transaction
from jobs.context import Context
from tests.database.rows import event, new_store
from tests.webhooks.deliveries import SECRET, headers_of, order_body, set_secrets

NOWHERE = "127.0.0.1:1"


def client_of(context: Context, **others: str) -> FlaskClient:
    return create_app(context, **others).test_client()


def away(context: Context, *, database: bool = False, queue: bool = False) -> Context:
    """The context with services that do not answer."""
    return Context(
        engine=dead_engine() if database else context.engine,
        redis=redis_client(f"redis://{NOWHERE}") if queue else context.redis,
        vault=context.vault,
        public_url=context.public_url,
        development=True,
    )


def dead_engine() -> Engine:
    return connect(f"postgresql+psycopg://nobody@{NOWHERE}/none")


def value(text: str, name: str, **labels: str) -> float:
    """The one sample of this name with these labels."""
    listed = ",".join(f'{label}="{wanted}"' for label, wanted in labels.items())
    pattern = re.escape(f"{name}{{{listed}}}" if labels else name) + r" (\S+)"
    (found,) = re.findall(f"^{pattern}$", text, re.MULTILINE)
    return float(found)


def test_a_living_app_says_so_whatever_else_is_away(context: Context) -> None:
    answer = client_of(away(context, database=True, queue=True)).get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


def test_a_ready_app_reaches_its_services(context: Context) -> None:
    answer = client_of(context).get("/readyz")
    assert (answer.status_code, answer.text) == (200, "ready\n")


@pytest.mark.parametrize(
    ("database", "queue", "told"),
    [
        (True, False, "no answer: database\n"),
        (False, True, "no answer: queue\n"),
        (True, True, "no answer: database, queue\n"),
    ],
)
def test_an_app_that_is_not_ready_says_what_does_not_answer(
    context: Context, database: bool, queue: bool, told: str
) -> None:
    answer = client_of(away(context, database=database, queue=queue)).get("/readyz")
    assert (answer.status_code, answer.text) == (503, told)


@pytest.fixture
def store_id(context: Context) -> UUID:
    store_id = new_store(context.engine)
    set_secrets(context, store_id, SECRET)
    return store_id


def test_metrics_tell_the_depth_age_and_last_delivery_of_each_inbox(
    context: Context, store_id: UUID
) -> None:
    quiet = new_store(context.engine, "quiet")
    new_store(context.engine, "gone", state="uninstalled")
    with store_transaction(context.engine, store_id) as session:
        events = [event(store_id, "a"), event(store_id, "b"), event(store_id, "c", dead="no")]
        inbox.put(session, events)
    text = client_of(context).get("/metrics").text
    store = {"store": str(store_id)}
    assert value(text, "bazgasht_database_up") == 1
    assert value(text, "bazgasht_inbox_waiting_events", **store) == 2
    assert value(text, "bazgasht_inbox_dead_events", **store) == 1
    assert 0 < value(text, "bazgasht_inbox_oldest_seconds", **store) < 30
    assert value(text, "bazgasht_inbox_last_delivery_timestamp_seconds", **store) > 1.7e9
    assert value(text, "bazgasht_inbox_waiting_events", store=str(quiet)) == 0
    assert text.count("bazgasht_inbox_dead_events{") == 2
    assert text.count("bazgasht_inbox_last_delivery_timestamp_seconds{") == 1


def test_metrics_tell_what_the_last_check_of_results_found(
    context: Context, store_id: UUID
) -> None:
    name = "bazgasht_results"
    with store_transaction(context.engine, store_id) as session:
        results.save_figures(session, {}, (None, None), 1)
    assert f"{name}_drifted_rows{{" not in client_of(context).get("/metrics").text
    store = {"store": str(store_id)}
    for rows, drifts in ((3, 1), (0, 1), (2, 2)):
        with store_transaction(context.engine, store_id) as session:
            results.note_check(session, rows)
        text = client_of(context).get("/metrics").text
        assert value(text, f"{name}_drifted_rows", **store) == rows
        assert value(text, f"{name}_drifts_total", **store) == drifts
        assert value(text, f"{name}_checked_timestamp_seconds", **store) > 1.7e9


def test_metrics_count_answers_with_their_times_by_status(context: Context, store_id: UUID) -> None:
    client = client_of(context)
    path = f"/webhooks/woocommerce/{store_id}"
    name = "bazgasht_acknowledgement_seconds_count"

    def counted(status: str) -> float:
        text = client.get("/metrics").text
        return value(text, name, status=status) if f'{name}{{status="{status}"}}' in text else 0

    before = counted("200"), counted("401")
    body = order_body()
    client.post(path, data=body, headers=headers_of(body))
    client.post(path, data=body, headers=headers_of(body, secret="wrong"))
    assert (counted("200"), counted("401")) == (before[0] + 1, before[1] + 1)


def test_metrics_are_told_without_the_database(context: Context) -> None:
    answer = client_of(away(context, database=True)).get("/metrics")
    assert answer.status_code == 200
    assert value(answer.text, "bazgasht_database_up") == 0
    assert "bazgasht_acknowledgement_seconds" in answer.text


@pytest.mark.parametrize(
    ("header", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": "Bearer sécret"}, 401),
        ({"Authorization": "Bearer secret"}, 200),
    ],
)
def test_metrics_can_be_kept_to_a_bearer(
    context: Context, header: dict[str, str], status: int
) -> None:
    client = client_of(context, metrics_token="secret")
    assert client.get("/metrics", headers=header).status_code == status


def test_every_answer_carries_the_headers_that_protect_a_browser(context: Context) -> None:
    headers = client_of(context).get("/healthz").headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "default-src 'self'" in headers["Content-Security-Policy"]
