"""Points for accounts, birthdays, anniversaries and reviews, as a store's facts have them."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from database import claims, occasions
from database.disclosure import describe
from database.models import (
    AccountHolder,
    Birthday,
    Customer,
    Order,
    PointEntry,
    Review,
    RuleStart,
)
from database.occasions import BirthdayRow
from database.person import find
from database.privacy import Subject
from jobs.earning import earning_rule
from jobs.erasing import erase
from jobs.history import install
from jobs.occasion_rules import Programme
from jobs.occasions import follow_reviews
from jobs.people_occasions import celebrations
from jobs.points import adjust, advance, undo
from jobs.purchase_occasions import anniversaries_of
from jobs.reconcile import compare_identifiers
from jobs.verification import verify
from retention.yearly import YearlyDay
from sandbox.server import RunningStore
from tests.conftest import Installed
from tests.jobs.conftest import order_days_ago, set_settings, settle
from tests.jobs.state import points
from tests.shop import Shop

NIKA = "nika@example.test"


@pytest.fixture(autouse=True)
def an_old_store(sandbox: RunningStore) -> None:
    """Let the store's accounts be older than the app."""
    for customer in sandbox.store.customers.values():
        customer.created -= 30 * 86_400


def entries(installed: Installed) -> list[tuple[str, int, str]]:
    """The entries but for those of orders: lot, points, reason."""
    with installed.scope() as session:
        rows = session.execute(
            select(PointEntry.lot, PointEntry.points, PointEntry.reason)
            .where(PointEntry.lot.not_like("order:%"))
            .order_by(PointEntry.number)
        )
        return [(row[0], row[1], row[2]) for row in rows]


def number(installed: Installed, email: str) -> int:
    """Our number of the account that has this address now."""
    with installed.scope() as session:
        return session.scalars(
            select(Customer.id).where(Customer.email == email, Customer.account_id.is_not(None))
        ).one()


def open_account(
    installed: Installed, email: str = NIKA, *, days_ago: int = 0, **content: Any
) -> int:
    """Make an account; the store's number of it."""
    installed.sandbox.deliveries.hold()
    made: int = Shop(installed.sandbox).create("customers", email=email, **content)["id"]
    with installed.sandbox.store.lock:
        installed.sandbox.store.customers[made].created -= days_ago * 86_400
    installed.sandbox.deliveries.release()
    settle(installed)
    return made


def switched_on(installed: Installed, days: int, **settings: Any) -> None:
    """Switch rules on as of so many days ago."""
    set_settings(installed, **settings)
    advance(str(installed.id))
    with installed.scope() as session:
        session.execute(update(RuleStart).values(since=RuleStart.since - timedelta(days=days)))


def next_day(installed: Installed) -> None:
    """Look through the days anew, as if this one had not been yet."""
    with installed.scope() as session:
        session.execute(
            update(RuleStart)
            .where(RuleStart.name == "occasions")
            .values(rule=(datetime.now(UTC).date() - timedelta(days=2)).isoformat())
        )
    advance(str(installed.id))


def agrees(installed: Installed) -> bool:
    return not verify(installed.context, installed.id).problems


def test_an_account_made_after_the_rule_is_welcomed_once(installed: Installed) -> None:
    open_account(installed, "early@example.test", days_ago=1)
    switched_on(installed, 0, points_welcome=50)
    open_account(installed, "imported@example.test", days_ago=1)
    account = open_account(installed)
    nika = number(installed, NIKA)
    assert entries(installed) == [(f"welcome:{nika}:{nika}", 50, "welcome")]
    Shop(installed.sandbox).change(f"customers/{account}", first_name="Nika")
    settle(installed)
    next_day(installed)
    settle(installed)
    assert len(entries(installed)) == 1
    assert Shop(installed.sandbox).meta(NIKA)["bazgasht_points"] == "50"
    assert agrees(installed)


def test_nobody_is_welcomed_while_the_rule_or_all_points_are_off(installed: Installed) -> None:
    open_account(installed, "one@example.test", days_ago=1)
    switched_on(installed, 0, points_welcome=50, points_enabled=False)
    open_account(installed, "two@example.test", days_ago=1)
    assert entries(installed) == []
    # Switched off and on again, the rule begins anew.
    switched_on(installed, 5, points_welcome=50, points_enabled=True)
    switched_on(installed, 0, points_welcome=0)
    open_account(installed, "three@example.test", days_ago=1)
    switched_on(installed, 0, points_welcome=50)
    next_day(installed)
    assert entries(installed) == []


def test_an_account_made_anew_takes_over_what_is_left(installed: Installed) -> None:
    switched_on(installed, 1, points_welcome=50)
    first = open_account(installed)
    nika = number(installed, NIKA)
    adjust(
        installed.context, installed.id, Subject(str(first)), -20, actor="the till", note="spent"
    )
    Shop(installed.sandbox).delete(f"customers/{first}", force=True)
    settle(installed)
    assert entries(installed)[2:] == [
        (f"welcome:{nika}:{nika}", -30, "reversed"),
        (f"welcome:{nika}:{nika}", -20, "reversed"),
        (f"welcome:{nika}:{nika}", 20, "written_off"),
    ]
    open_account(installed)
    again = number(installed, NIKA)
    assert again != nika
    assert entries(installed)[5:] == [
        (f"welcome:{nika}:{again}", 50, "welcome"),
        (f"welcome:{nika}:{again}", -20, "reclaimed"),
    ]
    assert agrees(installed)


def test_a_guest_with_an_account_at_last_is_welcomed_as_one(installed: Installed) -> None:
    switched_on(installed, 1, points_welcome=50)
    Shop(installed.sandbox).order("Green Tea", billing={"email": NIKA})
    settle(installed)
    assert entries(installed) == []
    open_account(installed)
    nika = number(installed, NIKA)
    assert entries(installed) == [(f"welcome:{nika}:{nika}", 50, "welcome")]
    with installed.scope() as session:
        assert points(session)[f"account:{account_of(installed, nika)}"] == 62


def account_of(installed: Installed, customer: int) -> str:
    with installed.scope() as session:
        return session.get_one(Customer, customer).account_id or ""


def born(installed: Installed, account: int, birthday: date, *, given: int) -> None:
    """Let an account tell its birthday, and let that be so many days ago."""
    Shop(installed.sandbox).change(
        f"customers/{account}", meta_data=[{"key": "birthday", "value": birthday.isoformat()}]
    )
    settle(installed)
    with installed.scope() as session:
        session.execute(update(Birthday).values(given_at=Birthday.given_at - timedelta(days=given)))


def test_a_birthday_is_celebrated_on_its_day_and_once(installed: Installed) -> None:
    today = datetime.now(UTC).date()
    account = open_account(installed)
    switched_on(installed, 100, points_birthday=30)
    born(installed, account, today.replace(year=1992), given=29)
    next_day(installed)
    assert entries(installed) == []
    with installed.scope() as session:
        session.execute(update(Birthday).values(given_at=Birthday.given_at - timedelta(days=1)))
    next_day(installed)
    next_day(installed)
    settle(installed)
    nika = number(installed, NIKA)
    assert entries(installed) == [(f"birthday:{today.year}:{nika}:{nika}", 30, "birthday")]
    assert Shop(installed.sandbox).meta(NIKA)["bazgasht_points"] == "30"
    assert agrees(installed)


def test_a_birthday_known_before_the_rule_is_read_when_it_is_switched_on(
    installed: Installed,
) -> None:
    told = [{"key": "billing_birthday", "value": "1369/02/27"}]
    open_account(installed, meta_data=told)
    open_account(installed, "other@example.test", meta_data=[{"key": "birthday", "value": "May"}])
    with installed.scope() as session:
        assert occasions.birthdays(session) == []
    switched_on(installed, 0, points_birthday=30)
    install(str(installed.id))
    nika = number(installed, NIKA)
    with installed.scope() as session:
        (row,) = occasions.birthdays(session)
        assert (row.person, row.birthday) == (nika, YearlyDay("jalali", 2, 27))


def test_a_birthday_is_changed_at_most_once_a_year(installed: Installed) -> None:
    account = open_account(installed)
    switched_on(installed, 0, points_birthday=30)
    first, second = date(1992, 5, 17), date(1992, 6, 18)
    born(installed, account, first, given=364)
    born(installed, account, second, given=1)
    with installed.scope() as session:
        assert occasions.birthdays(session)[0].birthday == YearlyDay.of(first, "gregorian")
    Shop(installed.sandbox).change(f"customers/{account}", first_name="Nika")
    settle(installed)
    with installed.scope() as session:
        assert occasions.birthdays(session)[0].birthday == YearlyDay.of(second, "gregorian")


def first_bought(installed: Installed, days_ago: int, email: str = NIKA) -> str:
    """An order of an account that was placed so many days ago; its number in the store."""
    made = order_days_ago(installed, days_ago, "Green Tea", email=email)
    settle(installed)
    return str(made["id"])


def years_ago(years: int) -> int:
    """How many days ago this day of the year was, so many years back."""
    today = datetime.now(UTC).date()
    return (today - YearlyDay.of(today, "gregorian").in_year(today.year - years)).days


def test_anniversaries_of_the_first_purchase_are_paid_from_the_switch_on(
    installed: Installed,
) -> None:
    open_account(installed)
    order = first_bought(installed, years_ago(2))
    switched_on(installed, 0, points_anniversary=40)
    next_day(installed)
    nika = number(installed, NIKA)
    assert entries(installed) == [(f"anniversary:2:{nika}:{nika}", 40, "anniversary")]
    next_day(installed)
    first_bought(installed, 1)
    assert len(entries(installed)) == 1
    # The order does not count any more, and the next one is of yesterday.
    Shop(installed.sandbox).change(f"orders/{order}", status="cancelled")
    settle(installed)
    assert entries(installed)[1:] == [(f"anniversary:2:{nika}:{nika}", -40, "reversed")]
    Shop(installed.sandbox).change(f"orders/{order}", status="completed")
    settle(installed)
    assert entries(installed)[2:] == [(f"anniversary:2:{nika}:{nika}", 40, "anniversary")]
    assert agrees(installed)


def test_no_anniversary_is_lost_while_nothing_ran(installed: Installed) -> None:
    open_account(installed)
    first_bought(installed, years_ago(3) + 10)
    first_bought(installed, years_ago(1) + 20, "ada@example.test")
    switched_on(installed, 400, points_anniversary=40)
    nika = number(installed, NIKA)
    ada = number(installed, "ada@example.test")
    with installed.scope() as session:
        session.execute(
            update(RuleStart)
            .where(RuleStart.name == "occasions")
            .values(rule=(datetime.now(UTC).date() - timedelta(days=390)).isoformat())
        )
    advance(str(installed.id))
    advance(str(installed.id))
    assert sorted(entries(installed)) == sorted(
        [
            (f"anniversary:2:{nika}:{nika}", 40, "anniversary"),
            (f"anniversary:3:{nika}:{nika}", 40, "anniversary"),
            (f"anniversary:1:{ada}:{ada}", 40, "anniversary"),
        ]
    )


def test_a_first_purchase_that_becomes_known_late_has_its_anniversaries_too(
    installed: Installed,
) -> None:
    open_account(installed)
    switched_on(installed, 400, points_anniversary=40)
    first_bought(installed, years_ago(1) + 1)
    nika = number(installed, NIKA)
    assert entries(installed) == [(f"anniversary:1:{nika}:{nika}", 40, "anniversary")]


def review(installed: Installed, name: str, *, days: int = 0, email: str = NIKA) -> None:
    """Add an approved review of a product to those that the store shows."""
    product = Shop(installed.sandbox).product_id(name)
    with installed.scope() as session:
        customer = session.scalars(select(Customer.id).where(Customer.email == email)).first()
        session.add(
            Review(
                store_id=installed.id,
                external_id=f"{name} {days} {email}",
                product_external_id=str(product),
                customer_id=customer,
                reviewed_at=datetime.now(UTC) + timedelta(days=days),
                rating=5,
            )
        )


def look_at_reviews(installed: Installed) -> None:
    with installed.scope() as session:
        follow_reviews(session, installed.store)


def test_a_review_of_a_bought_product_is_paid_once_and_goes_back(installed: Installed) -> None:
    open_account(installed)
    switched_on(installed, 100, points_review=15)
    first_bought(installed, 5)
    review(installed, "Green Tea")
    review(installed, "Green Tea", days=1)
    review(installed, "Earl Grey")
    review(installed, "Green Tea", days=-6)
    look_at_reviews(installed)
    look_at_reviews(installed)
    nika, tea = number(installed, NIKA), Shop(installed.sandbox).product_id("Green Tea")
    assert entries(installed) == [(f"review:{tea}:{nika}:{nika}", 15, "review")]
    with installed.scope() as session:
        session.execute(delete(Review).where(Review.external_id.startswith("Green Tea 0")))
    look_at_reviews(installed)
    assert len(entries(installed)) == 1
    with installed.scope() as session:
        session.execute(delete(Review))
    look_at_reviews(installed)
    assert entries(installed)[1:] == [(f"review:{tea}:{nika}:{nika}", -15, "reversed")]
    assert agrees(installed)


def test_reviews_of_a_month_are_paid_up_to_the_limit(installed: Installed) -> None:
    open_account(installed)
    switched_on(installed, 100, points_review=15, points_reviews_per_month=1)
    names = ("Green Tea", "Earl Grey", "House Blend Beans")
    order_days_ago(installed, 90, *names, email=NIKA)
    settle(installed)
    today = datetime.now(UTC).date()
    # The first and the last day of the month before this one, and a day of this month.
    last = (today.replace(day=1) - timedelta(days=1) - today).days
    first = (today.replace(day=1) - timedelta(days=1)).replace(day=1) - today
    for name, days in zip(names, (first.days, last, 0), strict=True):
        review(installed, name, days=days)
    look_at_reviews(installed)
    ids = [Shop(installed.sandbox).product_id(name) for name in (names[0], names[2])]
    nika = number(installed, NIKA)
    assert sorted(entries(installed)) == sorted(
        (f"review:{one}:{nika}:{nika}", 15, "review") for one in ids
    )


def test_what_an_occasion_gave_is_undone_for_good(installed: Installed) -> None:
    switched_on(installed, 1, points_welcome=50)
    account = open_account(installed)
    nika = number(installed, NIKA)
    reference = f"welcome:{nika}:{nika}:1"
    for applied in (True, False):
        done = undo(installed.context, installed.id, reference, actor="Reza", note="a mistake")
        assert (done.applied, done.balance.available) == (applied, 0)
    Shop(installed.sandbox).change(f"customers/{account}", first_name="Nika")
    settle(installed)
    next_day(installed)
    assert entries(installed) == [
        (f"welcome:{nika}:{nika}", 50, "welcome"),
        (f"welcome:{nika}:{nika}", -50, "undone"),
    ]
    assert agrees(installed)


def test_excluded_customers_get_nothing(installed: Installed) -> None:
    switched_on(installed, 1, points_welcome=50, points_excluded_customers=[NIKA])
    open_account(installed)
    assert entries(installed) == []


def test_birthdays_and_hashes_are_told_and_erased(installed: Installed) -> None:
    switched_on(installed, 1, points_welcome=50, points_birthday=30)
    account = open_account(installed)
    born(installed, account, date(1992, 5, 17), given=3)
    person = Subject(str(account))
    with installed.scope() as session:
        found = describe(session, find(session, person))["points"]
    (birthday,) = found["birthdays"]
    assert (birthday["calendar"], birthday["month"], birthday["day"]) == ("gregorian", 5, 17)
    assert [row["of"] for row in found["hashes_of_addresses"]] == ["account"]
    nika = number(installed, NIKA)
    erase(installed.context, installed.id, person, "key")
    with installed.scope() as session:
        assert session.scalars(select(Birthday)).all() == []
        assert nika not in session.scalars(select(AccountHolder.customer_id)).all()
    # Whoever comes back after an erasure was a customer before, and is not welcomed again.
    Shop(installed.sandbox).delete(f"customers/{account}", force=True)
    settle(installed)
    open_account(installed)
    assert [points for _, points, _ in entries(installed)] == [50]


def test_two_accounts_that_the_store_makes_one_are_welcomed_once(installed: Installed) -> None:
    switched_on(installed, 1, points_welcome=50, points_birthday=30)
    first = open_account(installed)
    second = open_account(installed, "nikaveh@example.test")
    born(installed, first, date(1992, 5, 17), given=0)
    nika, kept = number(installed, NIKA), number(installed, "nikaveh@example.test")
    with installed.scope() as session:
        claims.merge(session, str(second), str(first))
    Shop(installed.sandbox).delete(f"customers/{first}", force=True)
    settle(installed)
    assert entries(installed) == [
        (f"welcome:{nika}:{nika}", 50, "welcome"),
        (f"welcome:{kept}:{kept}", 50, "welcome"),
        (f"welcome:{nika}:{nika}", -50, "moved"),
        (f"welcome:{nika}:{kept}", 50, "moved"),
        (f"welcome:{kept}:{kept}", -50, "reversed"),
    ]
    with installed.scope() as session:
        (birthday,) = occasions.birthdays(session, [kept])
        assert birthday.birthday == YearlyDay("gregorian", 5, 17)
    assert agrees(installed)


def test_an_address_that_another_account_takes_over_moves_nothing(installed: Installed) -> None:
    switched_on(installed, 1, points_welcome=50)
    first = open_account(installed)
    nika = number(installed, NIKA)
    Shop(installed.sandbox).change(f"customers/{first}", email="nika@example.org")
    settle(installed)
    open_account(installed)
    assert number(installed, NIKA) != nika
    assert entries(installed) == [(f"welcome:{nika}:{nika}", 50, "welcome")]


def test_a_new_account_takes_over_the_birthday_of_a_deleted_one(installed: Installed) -> None:
    today = datetime.now(UTC).date()
    switched_on(installed, 100, points_birthday=30)
    account = open_account(installed)
    nika = number(installed, NIKA)
    born(installed, account, today.replace(year=1992), given=40)
    next_day(installed)
    Shop(installed.sandbox).delete(f"customers/{account}", force=True)
    settle(installed)
    open_account(installed)
    again = number(installed, NIKA)
    next_day(installed)
    birthday = f"birthday:{today.year}:{nika}"
    assert entries(installed) == [
        (f"{birthday}:{nika}", 30, "birthday"),
        (f"{birthday}:{nika}", -30, "moved"),
        (f"{birthday}:{again}", 30, "moved"),
    ]
    with installed.scope() as session:
        assert [row.customer_id for row in occasions.birthdays(session)] == [again]


def test_a_birthday_begins_at_midnight_in_the_store(installed: Installed) -> None:
    store = replace(installed.store, zone="Asia/Tehran")
    since = datetime(2026, 1, 1, tzinfo=UTC)
    told = Programme(
        store=store,
        since={"points_birthday": since},
        rule=earning_rule(store.settings, "USD"),
        calendar="jalali",
        moment=datetime(2026, 5, 16, 20, 29, 59, tzinfo=UTC),
    )
    # 27 Ordibehesht 1405 is 17 May 2026, which begins in Tehran at half past eight in UTC.
    row = BirthdayRow(7, 7, YearlyDay("jalali", 2, 27), since, None)
    with installed.scope() as session:
        assert celebrations(session, told, [row]) == []
        told = replace(told, moment=told.moment + timedelta(seconds=1))
        (found,) = celebrations(session, told, [row])
        assert (found.source, found.happened_at) == ("birthday:1405:7", told.moment)
        # Given on 17 April it is exactly 30 days ahead; a second later it is the next day there.
        given = datetime(2026, 4, 17, 20, 29, 59, tzinfo=UTC)
        assert len(celebrations(session, told, [replace(row, given_at=given)])) == 1
        given += timedelta(seconds=1)
        assert celebrations(session, told, [replace(row, given_at=given)]) == []


def test_the_day_of_a_first_purchase_is_the_stores(installed: Installed) -> None:
    open_account(installed)
    first_bought(installed, 0)
    nika = number(installed, NIKA)
    # 2 a.m. on 1 Farvardin 1404 in Tehran, which is still 30 Esfand 1403 in UTC.
    placed = datetime(2025, 3, 20, 22, 30, tzinfo=UTC)
    store = replace(installed.store, zone="Asia/Tehran")
    with installed.scope() as session:
        session.execute(update(Order).values(placed_at=placed))
        told = Programme(
            store=store,
            since={"points_anniversary": datetime(2025, 1, 1, tzinfo=UTC)},
            rule=earning_rule(store.settings, "USD"),
            calendar="jalali",
            moment=datetime(2026, 3, 20, 20, 29, 59, tzinfo=UTC),
        )
        assert anniversaries_of(session, told, [nika]) == []
        told = replace(told, moment=told.moment + timedelta(seconds=1))
        (found,) = anniversaries_of(session, told, [nika])
        assert (found.source, found.happened_at) == (f"anniversary:1:{nika}", told.moment)


def test_reviews_are_paid_when_they_are_read_and_shown_in_the_store(installed: Installed) -> None:
    open_account(installed)
    switched_on(installed, 100, points_review=15)
    first_bought(installed, 5)
    shop = Shop(installed.sandbox)
    shop.create(
        "products/reviews",
        product_id=shop.product_id("Green Tea"),
        review="Good",
        rating=5,
        reviewer="Nika",
        reviewer_email=NIKA,
    )
    compare_identifiers(str(installed.id))
    settle(installed)
    assert [(points, reason) for _, points, reason in entries(installed)] == [(15, "review")]
    assert shop.meta(NIKA)["bazgasht_points"] == "27"
    installed.sandbox.store.reviews.clear()
    compare_identifiers(str(installed.id))
    settle(installed)
    assert shop.meta(NIKA)["bazgasht_points"] == "12"
