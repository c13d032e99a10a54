"""Who a request is about: what is found under an account, an e-mail address or a phone number."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from connector.settings import validate_settings
from database import customers
from database.customers import Buyer
from database.order_rows import save_orders
from database.person import find
from database.privacy import Subject
from retention.records import Account
from retention.records import Order as OrderRecord
from tests.database.rows import order

Scope = Callable[[], AbstractContextManager[Session]]
A, B, C = "a@example.test", "b@example.test", "c@example.test"
P, Q = "+989351112233", "+989351112244"


@pytest.fixture
def people(scope: Scope) -> Scope:
    """Account 1 with an address and a number, account 2 that shares the number, and guests."""
    with scope() as session:
        customers.save_accounts(
            session, [Account("1", A, P, "One", None), Account("2", B, P, "Two", None)]
        )
        _buy(session, "11", account_id="1", email=A, phone=P)
        _buy(session, "12", email=A)
        _buy(session, "13", account_id="2", email=B, phone=P)
        _buy(session, "14", email=C, phone=Q)
        _buy(session, "15", phone=Q)
        _buy(session, "16", account_id="3", email="d@example.test")
    return scope


def _buy(
    session: Session,
    identifier: str,
    *,
    account_id: str | None = None,
    email: str | None = None,
    phone: str | None = None,
) -> None:
    record: OrderRecord = replace(
        order(identifier), account_id=account_id, email=email, phone=phone
    )
    buyers = {identifier: Buyer(account_id, email, phone)}
    owners = customers.resolve(session, buyers, validate_settings({}))
    save_orders(session, [record], owners)


@pytest.mark.parametrize(
    ("subject", "identities", "found"),
    [
        # The number is the other account's too, and stays with it.
        (Subject(account_id="1"), {"account:1", f"email:{A}"}, {"11", "12"}),
        (Subject(email=A), {"account:1", f"email:{A}"}, {"11", "12"}),
        (Subject(account_id="2"), {"account:2", f"email:{B}"}, {"13"}),
        # A number that was asked for is everybody's who has it.
        (
            Subject(phone=P),
            {"account:1", "account:2", f"email:{A}", f"email:{B}", f"phone:{P}"},
            {"11", "12", "13"},
        ),
        (Subject(email=C), {f"email:{C}"}, {"14"}),
        (Subject(phone=Q), {f"email:{C}", f"phone:{Q}"}, {"14", "15"}),
        # An account that only its orders have told of.
        (Subject(email="d@example.test"), {"account:3", "email:d@example.test"}, {"16"}),
        # Named orders bring their guests along, but not other accounts.
        (Subject(account_id="1", order_ids=("14",)), None, {"11", "12", "14"}),
        (Subject(order_ids=("14", "13")), {f"email:{C}"}, {"14", "13"}),
        (Subject(account_id="99", email="z@example.test"), None, set()),
    ],
)
def test_everything_of_a_person_and_nothing_of_others_is_found(
    people: Scope, subject: Subject, identities: set[str] | None, found: set[str]
) -> None:
    with people() as session:
        person = find(session, subject)
    assert person.orders == found
    assert identities is None or person.identities == identities


def test_the_strongest_name_comes_first() -> None:
    whole = Subject("1", A, P, ("14",))
    assert whole.identities == ("account:1", f"email:{A}", f"phone:{P}")
    assert Subject(order_ids=("14",)).identities == ("order:14",)
    assert A not in repr(whole)
    assert P not in repr(whole)
