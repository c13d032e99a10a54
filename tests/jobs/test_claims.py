"""A guest's points come to an account: at once, or once the e-mail address is proved."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import select, update

from database.models import ClaimLink, Customer
from database.privacy import Subject
from jobs import privacy
from jobs.claims import claim_link, look, prove
from jobs.context import active_store
from jobs.erasing import erase
from jobs.import_points import import_file
from jobs.merging import merge
from jobs.points import adjust, undo
from jobs.reconcile import compare_identifiers
from jobs.undo_import import undo_import
from jobs.verification import verify
from tests.conftest import Installed
from tests.jobs.conftest import OpenedShop, set_settings, settle
from tests.jobs.state import orders, points
from tests.merchant import Merchant
from tests.shop import Shop

NEW = "new@example.test"
GUEST, BY_MAIL = f"email:{NEW}", Subject(None, NEW, None)
WHY = {"actor": "Reza", "note": "a gift"}


def balance(store: Installed | Merchant) -> dict[str, int]:
    with store.scope() as session:
        return points(session)


def open_account(installed: Installed, email: str = NEW) -> str:
    made = Shop(installed.sandbox).create(
        "customers", email=email, username=email, password="secret-of-a-test"
    )
    settle(installed)
    return f"account:{made['id']}"


@pytest.fixture
def guest(installed: Installed) -> Installed:
    """A guest with 12 points of an order, 30 given by hand; an account needs proof."""
    set_settings(installed, points_claim="proved")
    Shop(installed.sandbox).order("Green Tea", billing={"email": NEW})
    settle(installed)
    adjust(installed.context, installed.id, BY_MAIL, 30, reference="g1", **WHY)
    return installed


def token_of(installed: Installed, **more: Any) -> str:
    link = claim_link(installed.context, installed.id, BY_MAIL, **more)
    assert link.url.startswith(f"{installed.context.public_url}/claim/{installed.id}?token=")
    return parse_qs(urlsplit(link.url).query)["token"][0]


def test_an_account_gets_nothing_of_a_guest_before_the_address_is_proved(
    guest: Installed,
) -> None:
    account = open_account(guest)
    assert balance(guest) == {GUEST: 42}
    # Nor what the same address buys as a guest later on.
    Shop(guest.sandbox).order("Earl Grey", billing={"email": NEW})
    settle(guest)
    assert balance(guest) == {GUEST: 55}

    token = token_of(guest)
    claim = look(guest.context, guest.id, token)
    assert claim is not None
    assert claim.email == NEW
    assert prove(guest.context, guest.id, token)
    settle(guest)
    assert balance(guest) == {account: 55}
    assert Shop(guest.sandbox).meta(NEW)["bazgasht_points"] == "55"
    with guest.scope() as session:
        assert {one["owner"] for one in orders(session).values()} >= {account}
    assert verify(guest.context, guest.id).problems == []
    # From now on it is one person.
    Shop(guest.sandbox).order("Earl Grey", billing={"email": NEW})
    settle(guest)
    assert balance(guest) == {account: 68}


def test_a_link_counts_once_in_time_and_for_the_address_it_was_made_for(guest: Installed) -> None:
    open_account(guest)
    old, token = token_of(guest), token_of(guest)
    with guest.scope() as session:
        assert not set(session.scalars(select(ClaimLink.token_hash))) & {old.encode()}
    assert not prove(guest.context, guest.id, "made-up")
    assert prove(guest.context, guest.id, token)
    assert (look(guest.context, guest.id, token), look(guest.context, guest.id, old)) == (None,) * 2
    assert not prove(guest.context, guest.id, old)
    late = token_of(guest)
    with guest.scope() as session:
        past = datetime.now(UTC) - timedelta(seconds=1)
        session.execute(update(ClaimLink).values(expires_at=past))
    assert not prove(guest.context, guest.id, late)


def test_an_address_that_was_changed_is_not_the_proved_one(guest: Installed) -> None:
    account = open_account(guest)
    token = token_of(guest)
    shop = Shop(guest.sandbox)
    number = account.removeprefix("account:")
    shop.change(f"customers/{number}", email="other@example.test")
    settle(guest)
    assert not prove(guest.context, guest.id, token)
    shop.change(f"customers/{number}", email=NEW)
    settle(guest)
    assert prove(guest.context, guest.id, token)
    assert balance(guest) == {account: 42}
    # The points follow the address that is proved, and go back with it.
    shop.change(f"customers/{number}", email="other@example.test")
    settle(guest)
    assert balance(guest) == {GUEST: 42}


def test_what_was_given_and_brought_in_by_hand_follows_and_is_undone_there(
    guest: Installed, tmp_path: Any
) -> None:
    set_settings(guest, points_claim="at_once")
    path = tmp_path / "old.csv"
    path.write_text(f"email,points\n{NEW},100\n", "utf-8")
    import_file(guest.context, guest.id, path, actor="Reza", reference="old", apply=True)
    account = open_account(guest)
    assert balance(guest) == {account: 142}
    assert not adjust(guest.context, guest.id, BY_MAIL, 30, reference="g1", **WHY).applied
    undo(guest.context, guest.id, "adjust:g1", **WHY)
    assert balance(guest) == {account: 112}
    undo_import(guest.context, guest.id, "old", apply=True, actor="Reza", note="a mistake")
    assert balance(guest) == {account: 12}
    assert verify(guest.context, guest.id).problems == []


def test_another_setting_moves_what_is_there(guest: Installed) -> None:
    account = open_account(guest)
    for claim, owner in (("at_once", account), ("proved", GUEST)):
        set_settings(guest, points_claim=claim)
        compare_identifiers(str(guest.id))
        settle(guest)
        assert balance(guest) == {owner: 42}


def test_the_page_asks_before_it_takes_the_proof(guest: Installed) -> None:
    account = open_account(guest)
    url = f"{guest.context.public_url}/claim/{guest.id}"
    token = token_of(guest)
    page = requests.get(url, params={"token": token, "lang": "fa"}, timeout=20)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert 'dir="rtl"' in page.text
    assert f"<bdi>{NEW}</bdi>" in page.text
    assert balance(guest) == {GUEST: 42}
    done = requests.post(url, data={"token": token}, timeout=20)
    assert (done.status_code, "is confirmed" in done.text) == (200, True)
    assert balance(guest) == {account: 42}
    for again in (
        requests.post(url, data={"token": token}, timeout=20),
        requests.get(url, params={"token": "x" * 5000}, timeout=20),
    ):
        assert (again.status_code, "no longer works" in again.text) == (410, True)


def test_who_has_no_account_has_nothing_to_prove(guest: Installed) -> None:
    with pytest.raises(ValueError, match="only an account with an e-mail address"):
        claim_link(guest.context, guest.id, BY_MAIL)


def test_erasing_forgets_the_proof_and_the_links(guest: Installed) -> None:
    open_account(guest)
    assert prove(guest.context, guest.id, token_of(guest))
    token_of(guest)
    key = privacy.ask(guest.context, guest.id, "erase", BY_MAIL)
    erase(guest.context, guest.id, BY_MAIL, key)
    with guest.scope() as session:
        assert session.scalars(select(ClaimLink)).all() == []
        assert set(session.scalars(select(Customer.proved_email))) == {None}
    assert sum(balance(guest).values()) == 42


def test_merged_accounts_have_all_that_either_was_given(opened_shop: OpenedShop) -> None:
    merchant = opened_shop("USD")
    kept, gone = (merchant.customer(f"{name}@example.test") for name in ("sara", "reza"))
    merchant.buy("reza@example.test", "Green Tea")
    merchant.catch_up()
    for number, amount in ((kept, 5), (gone, 30)):
        person = Subject(str(number), None, None)
        adjust(merchant.context, merchant.id, person, amount, reference=f"g{number}", **WHY)
    merchant.shop.merchant.merge_customers(kept, gone)
    merchant.catch_up()
    merchant.catch_up()
    assert balance(merchant) == {f"account:{kept}": 47}
    undone = undo(merchant.context, merchant.id, f"adjust:g{gone}", **WHY)
    assert undone.balance.available == 17
    assert verify(merchant.context, merchant.id).problems == []


def test_accounts_merged_one_after_the_other_are_one_whichever_news_comes_first(
    opened_shop: OpenedShop,
) -> None:
    merchant = opened_shop("USD")
    last, middle, first = (
        str(merchant.customer(f"{name}@example.test")) for name in ("sara", "ada", "reza")
    )
    for account, amount in ((middle, 7), (first, 30)):
        person = Subject(account, None, None)
        adjust(merchant.context, merchant.id, person, amount, reference=f"g{account}", **WHY)
    store = active_store(merchant.context, merchant.id)
    merge(merchant.context, store, last, middle)
    assert balance(merchant) == {f"account:{last}": 7, f"account:{first}": 30}
    merge(merchant.context, store, middle, first)
    assert balance(merchant) == {f"account:{last}": 37}


def test_a_shop_on_shopify_says_itself_whose_address_is_proved(opened_shop: OpenedShop) -> None:
    merchant = opened_shop("USD")
    set_settings(merchant, points_claim="proved")
    sara = merchant.customer("sara@example.test")
    with merchant.scope() as session:
        rows = session.execute(select(Customer.account_id, Customer.proved_email))
        proved = {row[0]: row[1] for row in rows}
    assert proved[str(sara)] == "sara@example.test"
