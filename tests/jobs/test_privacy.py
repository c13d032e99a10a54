"""A person is told everything, and erased without a trace; totals, points and results stay."""

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select, text, update
from structlog.testing import capture_logs

from connector.meanings import PersonalData, StoreErased
from database import privacy, progress
from database.models import Base, Customer, ErasedIdentity, InboxEvent, Order, PointEntry, Store
from database.privacy import Subject
from jobs import privacy as job
from jobs import queue
from jobs.absorb import absorb
from jobs.drain import drain
from jobs.erasing import erase
from jobs.facts import Fact
from jobs.history import BACKFILL
from jobs.recompute import recompute_now
from retention.records import Account
from tests.conftest import Installed, work_off
from tests.database.rows import NOON, order
from tests.jobs.conftest import set_settings
from tests.jobs.traces import find_in_redis, find_in_tables
from tests.shop import Shop

EMAIL, PHONE, NAME = "nika@example.test", "+989351112233", "Nikaveh Bahrami"
NEEDLES = (EMAIL, "9351112233", "Nikaveh", "Bahrami")
RESULTS = ("product_affinities", "recommendations", "category_flows", "customer_categories")


@dataclass
class Nika:
    """A store with two orders of Nika's, one of them partly refunded, and others' orders."""

    installed: Installed
    shop: Shop
    superuser: Engine
    account: str
    first: dict[str, Any]
    second: dict[str, Any]

    @property
    def subject(self) -> Subject:
        return Subject(account_id=self.account)

    def erase(self, subject: Subject | None = None) -> dict[str, int]:
        context, store = self.installed.context, self.installed.id
        key = job.ask(context, store, "erase", subject or self.subject)
        return erase(context, store, subject or self.subject, key)

    def traces(self, *more: str) -> list[tuple[str, str]]:
        needles = (*NEEDLES, *more)
        redis = self.installed.context.redis
        return find_in_tables(self.superuser, needles) + find_in_redis(redis, needles)

    def figures(self) -> dict[str, Any]:
        """What must not change: orders' amounts by customer, the ledger, and the results."""
        with self.installed.scope() as session:
            sums = session.execute(
                select(Order.customer_id, func.sum(Order.total), func.sum(Order.kept_net))
                .group_by(Order.customer_id)
                .order_by(Order.customer_id)
            ).all()
            entries = session.execute(
                select(PointEntry.reference, PointEntry.customer_id, PointEntry.points).order_by(
                    PointEntry.id
                )
            ).all()
            recompute_now(self.installed.context, self.installed.store)
            results = {
                name: sorted(map(str, session.execute(select(Base.metadata.tables[name])).all()))
                for name in RESULTS
            }
        return {"sums": sums, "entries": entries, **results}


def catch_up(installed: Installed) -> None:
    """Handle all that the store delivered; a delivery is answered before it is enqueued."""
    installed.catch_up()
    drain(str(installed.id))
    work_off(installed.context)


@pytest.fixture
def nika(installed: Installed, superuser: Engine) -> Nika:
    shop = Shop(installed.sandbox)
    billing = {"first_name": "Nikaveh", "last_name": "Bahrami", "phone": "0935 111 2233"}
    account = shop.create(
        "customers",
        email=EMAIL,
        username="buyer7",
        first_name="Nikaveh",
        last_name="Bahrami",
        billing={**billing, "country": "IR", "email": EMAIL},
    )
    guest = {**billing, "country": "IR", "email": "Nika@Example.test"}
    first = shop.order("House Blend Beans", "Paper Filters", email=EMAIL, billing=guest)
    second = shop.order("House Blend Beans", billing=guest)
    for email in ("ada@example.test", "sara@example.test"):
        shop.order("House Blend Beans", "Paper Filters", email=email)
        shop.order("Green Tea", email=email)
    catch_up(installed)
    shop.create(f"orders/{second['id']}/refunds", amount="3.00", api_refund=False)
    catch_up(installed)
    return Nika(installed, shop, superuser, str(account["id"]), first, second)


@pytest.fixture
def logged() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def test_the_person_is_everywhere_before(nika: Nika) -> None:
    places = {place for place, _ in nika.traces()}
    assert places == {
        *("customers.email", "customers.phone", "customers.name"),
        *("orders.email", "orders.phone", "inbox_events.body"),
    }


def test_erasing_leaves_totals_points_and_results_as_they_were(nika: Nika) -> None:
    before = nika.figures()
    counts = nika.erase()
    assert nika.figures() == before
    # Beans for 23.00 and filters for 4.50 give 27 points.
    assert [entry[2] for entry in before["entries"]][:2] == [27, 23]
    assert (counts["orders"], counts["written_to_accounts"], counts["taken_back"]) == (2, 1, 1)


def test_nothing_personal_is_left_in_tables_queue_or_logs(
    nika: Nika, logged: list[Any], capfd: pytest.CaptureFixture[str]
) -> None:
    nika.erase()
    assert nika.traces() == []
    catch_up(nika.installed)
    assert nika.traces() == []
    assert "bazgasht_points" not in nika.shop.meta(EMAIL)
    assert any(line["event"] == "person erased" for line in logged)
    said = json.dumps(logged, default=str) + "".join(capfd.readouterr())
    assert [needle for needle in NEEDLES if needle in said] == []


def test_an_erased_person_leaves_the_list_of_those_who_earn_nothing(nika: Nika) -> None:
    words = ["Nika@Example.test", f"account:{nika.account}", "account:0", "ada@example.test"]
    set_settings(nika.installed, points_excluded_customers=words)
    nika.erase()
    with nika.installed.scope() as session:
        kept = session.scalars(select(Store.settings)).one()["points_excluded_customers"]
    assert kept == ["account:0", "ada@example.test"]


def test_purchases_are_one_nameless_customers_and_the_account_is_gone(nika: Nika) -> None:
    nika.erase()
    with nika.installed.scope() as session:
        orders = session.scalars(
            select(Order).where(
                Order.external_id.in_([str(nika.first["id"]), str(nika.second["id"])])
            )
        ).all()
        assert len({row.customer_id for row in orders}) == 1
        assert {(row.account_id, row.phone) for row in orders} == {(None, None)}
        customer = session.get_one(Customer, orders[0].customer_id)
        assert (customer.account_id, customer.phone, customer.name) == (None, None, "")
        assert customer.key == f"email:{orders[0].email}"
        assert str(customer.email).endswith("@erased.invalid")
        rows = text("SELECT count(*) FROM write_backs WHERE kind = 'customer' AND external_id = :a")
        assert session.execute(rows, {"a": nika.account}).scalar_one() == 0


def test_a_later_delivery_of_an_old_order_does_not_bring_the_person_back(nika: Nika) -> None:
    before = nika.figures()
    nika.erase()
    nika.shop.change(f"orders/{nika.first['id']}", customer_note="again")
    nika.shop.change(f"orders/{nika.second['id']}", customer_note="again")
    nika.shop.change(f"customers/{nika.account}", first_name="Nikaveh", last_name="Bahrami-Rad")
    catch_up(nika.installed)
    assert nika.traces() == []
    assert nika.figures() == before


def test_an_order_that_wordpress_makes_anonymous_afterwards_stays_the_nameless_customers(
    nika: Nika,
) -> None:
    before = nika.figures()
    nika.erase()
    nameless = {"first_name": "", "last_name": "", "phone": "", "email": "deleted@site.invalid"}
    nika.shop.change(f"orders/{nika.first['id']}", customer_id=0, billing=nameless)
    catch_up(nika.installed)
    assert nika.figures() == before


def test_loading_the_history_again_does_not_bring_the_person_back(nika: Nika) -> None:
    before = nika.figures()
    nika.erase()
    with nika.installed.scope() as session:
        for task in BACKFILL.values():
            progress.begin(session, task)
    queue.enqueue(nika.installed.context.redis, queue.INSTALL, nika.installed.id)
    catch_up(nika.installed)
    for _ in range(2):
        queue.enqueue(nika.installed.context.redis, queue.COMPARE, nika.installed.id)
        work_off(nika.installed.context)
    assert nika.traces() == []
    assert nika.figures() == before


def test_a_refund_of_an_old_order_is_counted_for_the_nameless_customer(nika: Nika) -> None:
    nika.erase()
    nika.shop.create(f"orders/{nika.first['id']}/refunds", amount="27.50", api_refund=False)
    catch_up(nika.installed)
    with nika.installed.scope() as session:
        owner = session.scalar(
            select(Order.customer_id).where(Order.external_id == str(nika.first["id"]))
        )
        points = session.scalar(
            select(func.sum(PointEntry.points)).where(PointEntry.customer_id == owner)
        )
    assert points == 20
    assert nika.traces() == []


def test_an_old_order_never_seen_before_comes_in_without_the_person(nika: Nika) -> None:
    nika.erase()
    placed = datetime.now(UTC) - timedelta(days=400)
    unseen = replace(order("900"), placed_at=placed, email=EMAIL, phone=PHONE)
    by_account = replace(order("901"), placed_at=placed, account_id=nika.account, email=None)
    by_phone = replace(order("902"), placed_at=placed, email=None, phone=PHONE)
    of_another = replace(order("903"), placed_at=placed, email="else@example.test", phone=PHONE)
    listed = [unseen, by_account, by_phone, of_another]
    with nika.installed.scope() as session:
        absorb(session, nika.installed.store, [(("order", o.id), Fact(o)) for o in listed])
        owners = dict(
            session.execute(
                select(Order.external_id, Order.customer_id).where(
                    Order.external_id.in_([*(o.id for o in listed), str(nika.first["id"])])
                )
            ).all()
        )
        hers = owners.pop(str(nika.first["id"]))
        assert {name: owner == hers for name, owner in owners.items()} == {
            "900": True, "901": True, "902": True, "903": False,
        }  # fmt: skip
    assert nika.traces() == []


def test_whoever_buys_again_is_a_new_customer(nika: Nika) -> None:
    nika.erase()
    with nika.installed.scope() as session:
        # Stores date orders by the whole second: let the erasure lie some seconds back.
        session.execute(update(ErasedIdentity).values(erased_at=datetime.now(UTC) - timedelta(10)))
    third = nika.shop.order("Beanie", email=EMAIL)
    catch_up(nika.installed)
    with nika.installed.scope() as session:
        owners = session.execute(
            select(Order.account_id, Order.customer_id).where(
                Order.external_id.in_([str(third["id"]), str(nika.first["id"])])
            )
        ).all()
        assert {row.account_id for row in owners} == {None, nika.account}
        assert len({row.customer_id for row in owners}) == 2
    assert nika.shop.meta(EMAIL)["bazgasht_points"] == "18"


def test_an_account_told_of_after_its_erasure_is_not_kept(nika: Nika) -> None:
    nika.erase()
    told = [
        Account(nika.account, EMAIL, PHONE, NAME, NOON),
        Account("77", EMAIL, None, NAME, NOON),
    ]
    with nika.installed.scope() as session:
        facts = [(("customer", account.id), Fact(account)) for account in told]
        absorb(session, nika.installed.store, facts)  # type: ignore[arg-type]
        absorb(session, nika.installed.store, [(("customer", nika.account), Fact(None))])
        names = session.scalars(select(Customer.account_id)).all()
    assert nika.account not in names
    assert "77" not in names
    assert nika.traces() == []


@pytest.mark.parametrize("by", ["email", "phone"])
def test_a_person_named_by_a_contact_is_erased_as_a_whole(nika: Nika, by: str) -> None:
    before = nika.figures()
    counts = nika.erase(Subject(email=EMAIL) if by == "email" else Subject(phone=PHONE))
    assert counts["orders"] == 2
    assert nika.traces() == []
    assert nika.figures() == before


def test_events_that_wait_are_dropped_and_their_objects_read_instead(nika: Nika) -> None:
    nika.shop.change(f"orders/{nika.first['id']}", status="cancelled")
    nika.installed.sandbox.drain_deliveries()
    with nika.installed.scope() as session:
        assert session.scalar(select(func.count()).where(InboxEvent.state == "waiting"))
    nika.erase()
    assert nika.traces() == []
    with nika.installed.scope() as session:
        status = session.scalar(
            select(Order.status).where(Order.external_id == str(nika.first["id"]))
        )
    assert status == "cancelled"


def test_dead_events_that_mention_the_person_go_with_the_next_job(nika: Nika) -> None:
    nika.erase()
    with nika.installed.scope() as session:
        session.execute(
            text(
                "INSERT INTO inbox_events (store_id, key, topic, headers, body, state) "
                "VALUES (:s, 'k1', 'order.updated', '{}', :mine, 'dead'), "
                "(:s, 'k2', 'order.updated', '{}', :other, 'dead')"
            ),
            {
                "s": nika.installed.id,
                "mine": _packed(f'{{"id": "no number", "note": "call 0935 111 2233 or {EMAIL}"}}'),
                "other": _packed('{"id": "no number", "note": "call 0935 111 2244"}'),
            },
        )
    job.fulfil(str(nika.installed.id))
    with nika.installed.scope() as session:
        keys = session.scalars(select(InboxEvent.key).where(InboxEvent.state == "dead")).all()
    assert keys == ["k2"]


def _packed(body: str) -> bytes:
    return zlib.compress(body.encode())


def wanted(nika: Nika, **changes: Any) -> PersonalData:
    fields: dict[str, Any] = {
        "action": "erase",
        "shop": "127.0.0.1",
        "account_id": nika.account,
        "email": EMAIL,
        "phone": PHONE,
        "order_ids": (str(nika.first["id"]),),
    }
    return PersonalData(**{**fields, **changes})


def test_a_platforms_request_waits_encrypted_and_is_fulfilled_once_by_a_job(nika: Nika) -> None:
    context, store_id = nika.installed.context, nika.installed.id
    for _ in range(2):
        job.accept(context, store_id, wanted(nika), "delivery-1")
    assert find_in_redis(context.redis, NEEDLES) == []
    with nika.installed.scope() as session:
        row = privacy.request(session, "delivery-1")
        assert row is not None
        assert (row.kind, row.done_at) == ("erase", None)
        assert row.subject is not None
        assert EMAIL.encode() not in row.subject
    work_off(context)
    with nika.installed.scope() as session:
        rows = privacy.listing(session)
        assert [(row.key, row.kind, row.subject) for row in rows] == [("delivery-1", "erase", None)]
        assert rows[0].done_at is not None
        assert rows[0].done_at > rows[0].requested_at
        assert rows[0].counts["orders"] == 2
        key = privacy.make_hasher(session, context.vault)
        assert rows[0].subject_hash == key(f"account:{nika.account}")
    assert nika.traces() == []


def test_a_request_that_names_another_store_is_not_believed(nika: Nika) -> None:
    job.accept(nika.installed.context, nika.installed.id, wanted(nika, shop="x.test"), "d")
    with nika.installed.scope() as session:
        assert privacy.listing(session) == []


def test_a_request_lost_from_the_queue_is_found_in_the_table(nika: Nika) -> None:
    context = nika.installed.context
    job.accept(context, nika.installed.id, wanted(nika), "delivery-1")
    context.redis.flushdb()
    job.enqueue_open(context)
    work_off(context)
    assert nika.traces() == []
    assert privacy.stores_to_redact(context.engine) == []


def test_export_tells_everything_and_leaves_a_proof(nika: Nika) -> None:
    context, store_id = nika.installed.context, nika.installed.id
    recompute_now(context, nika.installed.store)
    job.accept(context, store_id, wanted(nika, action="export"), "asked-1")
    work_off(context)
    told = job.export(context, store_id, "asked-1")
    assert [row["name"] for row in told["customers"]] == [NAME]
    assert {row["email"] for row in told["customers"]} == {EMAIL}
    assert {row["phone"] for row in told["customers"]} == {PHONE}
    first, second = told["orders"]
    assert first["number"] == str(nika.first["id"])
    assert (first["total"], first["kept_net"]) == ("27.5000", "27.5000")
    assert [(line["name"], line["quantity"], line["net"]) for line in first["lines"]] == [
        ("House Blend Beans", 1, "23.0000"),
        ("Paper Filters", 1, "4.5000"),
    ]
    assert [(r["amount"], r["lines"]) for r in second["refunds"]] == [("3.0000", [])]
    assert second["kept_net"] == "20.0000"
    assert told["points"]["balance"] == 47
    assert [entry["points"] for entry in told["points"]["entries"]] == [27, 23, -3]
    assert [row["basis"] for row in told["second_purchase_categories"]] == ["observed"]
    assert [row["wanted"]["bazgasht_points"] for row in told["written_to_the_store"]] == ["47"]
    assert EMAIL in " ".join(event["body"] for event in told["events"])
    assert "ada@example.test" not in json.dumps(told)
    with nika.installed.scope() as session:
        row = privacy.listing(session)[0]
        assert (row.kind, row.subject, row.counts["orders"]) == ("export", None, 2)
    with pytest.raises(LookupError, match="no open request"):
        job.export(context, store_id, "asked-1")


def test_an_open_request_to_be_told_ends_with_the_erasure(nika: Nika) -> None:
    job.accept(nika.installed.context, nika.installed.id, wanted(nika, action="export"), "asked-1")
    nika.erase()
    with nika.installed.scope() as session:
        row = privacy.request(session, "asked-1")
        assert row is not None
        assert (row.subject, row.counts) == (None, {"erased_before_export": 1})


def leave(installed: Installed) -> None:
    with installed.scope() as session:
        session.execute(text("UPDATE stores SET state = 'uninstalled', credentials = NULL"))


def test_a_store_that_left_is_removed_but_for_the_proof(nika: Nika) -> None:
    context, store_id = nika.installed.context, nika.installed.id
    recompute_now(context, nika.installed.store)
    nika.erase()
    leave(nika.installed)
    job.accept(context, store_id, StoreErased("127.0.0.1"), "gone-1")
    work_off(context)
    assert _filled_tables(nika.superuser) == {"privacy_requests": 2}
    with nika.installed.scope() as session:
        proof = privacy.listing(session)[-1]
        assert (proof.kind, proof.store_id) == ("redact_store", store_id)
        assert proof.done_at is not None
        assert proof.counts["orders"] == 6
    job.accept(context, store_id, StoreErased("127.0.0.1"), "gone-1")
    with pytest.raises(LookupError, match=f"no store {store_id}"):
        job.ask(context, store_id, "redact_store", None)


def _filled_tables(superuser: Engine) -> dict[str, int]:
    with superuser.connect() as connection:
        counts = {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
            if table.name != "schedule_ticks"
        }
    return {name: count for name, count in counts.items() if count}


def test_a_store_that_uses_the_app_is_not_removed(nika: Nika) -> None:
    context, store_id = nika.installed.context, nika.installed.id
    key = job.ask(context, store_id, "redact_store", None)
    with pytest.raises(LookupError, match="uninstall it first"):
        job.redact_store(context, store_id, key)
    with nika.installed.scope() as session:
        assert session.scalar(select(func.count()).select_from(Order)) == 6
        row = privacy.request(session, key)
        assert row is not None
        assert row.counts == {"refused_because_in_use": 1}


def test_a_store_whose_leaving_was_missed_is_removed(nika: Nika) -> None:
    nika.installed.sandbox.store.keys.clear()
    context, store_id = nika.installed.context, nika.installed.id
    key = job.ask(context, store_id, "redact_store", None)
    assert job.redact_store(context, store_id, key)["orders"] == 6


def test_another_stores_people_are_left_alone(nika: Nika) -> None:
    with pytest.raises(LookupError, match=f"no store {UUID(int=1)}"):
        erase(nika.installed.context, UUID(int=1), nika.subject, "key")
