"""Reading back: is what we claim really in the store?

The check knows our tables for what is claimed and the store's REST interface for what is there,
and works the points of a sample of customers out anew from the store's own orders.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bazgasht.demo.shop import DemoShop
from database.customers import account_numbers
from database.models import Order
from database.points import Balance, balances, holders
from database.results import recommended, second_categories
from jobs.context import ActiveStore

SAMPLE = 20


@dataclass(slots=True)
class Findings:
    """What was compared, and every difference in words."""

    orders: int = 0
    products_with_cross_sells: int = 0
    cross_sells: int = 0
    accounts_with_points: int = 0
    points: int = 0
    accounts_with_category: int = 0
    accounts_worked_out: int = 0
    differences: list[str] = field(default_factory=list)


def read_back(session: Session, store: ActiveStore, shop: DemoShop) -> Findings:
    """Compare orders, cross-sells, points and categories with what the store itself says."""
    findings = Findings()
    _orders(session, shop, findings)
    _cross_sells(session, store, shop, findings)
    _customers(session, shop, findings)
    return findings


def _orders(session: Session, shop: DemoShop, findings: Findings) -> None:
    there = shop.levers.state()["orders"]
    findings.orders = session.scalar(select(func.count()).select_from(Order)) or 0
    if findings.orders != there:
        findings.differences.append(f"the store has {there} orders, we have {findings.orders}")


def _cross_sells(session: Session, store: ActiveStore, shop: DemoShop, findings: Findings) -> None:
    lists = recommended(session)
    size = store.settings.recommendations_per_product
    for product, there in shop.cross_sells():
        claimed = lists.get(product, [])
        if claimed != there or len(there) > size:
            findings.differences.append(f"product {product}: {claimed} is not {there}")
        findings.products_with_cross_sells += bool(there)
        findings.cross_sells += len(there)


def _customers(session: Session, shop: DemoShop, findings: Findings) -> None:
    held = _balances(session)
    categories = second_categories(session)
    sample: list[str] = []
    for account, points, pending, category in shop.accounts():
        balance = held.get(account)
        amounts = (None, None) if balance is None else tuple(str(amount) for amount in balance)
        claimed = *amounts, categories.get(account)
        if claimed != (points, pending, category):
            findings.differences.append(
                f"account {account}: {claimed} is not {points, pending, category}"
            )
        if points is not None and pending is not None:
            findings.accounts_with_points += 1
            findings.points += int(points) + int(pending)
            sample.append(account)
        findings.accounts_with_category += category is not None
    _work_out(shop, held, sample[:: max(1, len(sample) // SAMPLE)], findings)


def _balances(session: Session) -> dict[str, Balance]:
    accounts = account_numbers(session, holders(session))
    return {accounts[number]: balance for number, balance in balances(session, accounts).items()}


def _work_out(
    shop: DemoShop, held: dict[str, Balance], sample: Sequence[str], findings: Findings
) -> None:
    """Compare a sample with the points that the store's own orders give."""
    for account in sample:
        points = shop.earned(account)
        if points is None:
            continue
        if points != sum(held[account]):
            findings.differences.append(
                f"account {account}: {sum(held[account])} points, its orders give {points}"
            )
        findings.accounts_worked_out += 1
