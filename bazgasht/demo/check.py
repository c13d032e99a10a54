"""Reading back: is what we claim really in the store?

The check knows our tables for what is claimed and the store's REST interface for what is there,
and works the points of a sample of customers out anew from the store's own orders.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bazgasht.demo.store import DemoStore
from connector.manifest import load
from database.models import Customer, Order, PointEntry
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


def read_back(session: Session, store: ActiveStore, shop: DemoStore) -> Findings:
    """Compare orders, cross-sells, points and categories with what the store itself says."""
    findings = Findings()
    _orders(session, shop, findings)
    _cross_sells(session, store, shop, findings)
    _customers(session, store, shop, findings)
    return findings


def _orders(session: Session, shop: DemoStore, findings: Findings) -> None:
    there = shop.state()["orders"]
    findings.orders = session.scalar(select(func.count()).select_from(Order)) or 0
    if findings.orders != there:
        findings.differences.append(f"the store has {there} orders, we have {findings.orders}")


def _cross_sells(session: Session, store: ActiveStore, shop: DemoStore, findings: Findings) -> None:
    lists = recommended(session)
    size = store.settings.recommendations_per_product
    for product in shop.everything("products", _fields="id,cross_sell_ids"):
        claimed = lists.get(str(product["id"]), [])
        there = [str(identifier) for identifier in product["cross_sell_ids"]]
        if claimed != there or len(there) > size:
            findings.differences.append(f"product {product['id']}: {claimed} is not {there}")
        findings.products_with_cross_sells += bool(there)
        findings.cross_sells += len(there)


def _customers(session: Session, store: ActiveStore, shop: DemoStore, findings: Findings) -> None:
    names = load().platforms[store.platform.name].customer_fields
    balances = _balances(session)
    categories = second_categories(session)
    sample: list[str] = []
    for account in shop.everything("customers", role="all"):
        identifier = str(account["id"])
        meta = {entry["key"]: entry["value"] for entry in account["meta_data"]}
        claimed = (balances.get(identifier), categories.get(identifier))
        points = meta.get(names["points"])
        there = (
            int(points) if points is not None else None,
            meta.get(names["second_purchase_category"]),
        )
        if claimed != there:
            findings.differences.append(f"account {identifier}: {claimed} is not {there}")
        if points is not None:
            findings.accounts_with_points += 1
            findings.points += int(points)
            sample.append(identifier)
        findings.accounts_with_category += there[1] is not None
    _work_out(shop, balances, sample[:: max(1, len(sample) // SAMPLE)], findings)


def _balances(session: Session) -> dict[str, int]:
    rows = session.execute(
        select(Customer.account_id, func.sum(PointEntry.points))
        .join(PointEntry, PointEntry.customer_id == Customer.id)
        .where(Customer.account_id.is_not(None))
        .group_by(Customer.account_id)
    )
    return {row[0]: int(row[1]) for row in rows if row[0]}


def _work_out(
    shop: DemoStore, balances: dict[str, int], sample: Sequence[str], findings: Findings
) -> None:
    """One point per whole unit of each completed order's lines, from the store's own orders."""
    for account in sample:
        points = 0
        for order in shop.everything("orders", customer=account, _fields="status,line_items"):
            if order["status"] in {"processing", "completed"}:
                points += int(sum(Decimal(line["total"]) for line in order["line_items"]))
        if points != balances[account]:
            findings.differences.append(
                f"account {account}: {balances[account]} points, its orders give {points}"
            )
        findings.accounts_worked_out += 1
