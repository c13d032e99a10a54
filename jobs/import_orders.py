"""Loading older orders from an exported file: what the store's API does not show, or no longer.

The API is the truth: an order that it told of is never changed by a file, and an order from a
file gives way to it, because its date is set to the epoch, before any that a store could tell.
The dry run does the same work and undoes it, so that both tell the same numbers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from uuid import UUID

from sqlalchemy.orm import Session

from connector.exports import Export, Found, Origin, Problem, open_export
from connector.exports.cells import time_zone
from database import imports, points, stores
from database.imports import Catalogue
from database.orders import EPOCH
from database.session import store_transaction
from database.versions import Version, version_of
from jobs.absorb import absorb, describe, lock_store
from jobs.context import ActiveStore, Context, active_store
from jobs.erased import without_erased
from jobs.facts import Fact, Key, known
from retention.records import Order, OrderLine

BATCH = 500


@dataclass(slots=True)
class Imported:
    """What a file held and what came of it.

    `new`, `changed` (imported before, and told differently now) and `known` count orders;
    `points` is what the ledger grew by; `matched` and `unmatched` count lines with and without a
    product of the store; `statuses` counts the new and changed orders.
    """

    format: str = ""
    unknown_columns: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    known: int = 0
    points: int = 0
    matched: int = 0
    unmatched: int = 0
    statuses: Counter[str] = field(default_factory=Counter)


def import_orders(context: Context, store_id: UUID, path: Path, *, dry_run: bool) -> Imported:
    """Load the orders of a file, or with `dry_run` only find out what that would change.

    What was loaded stays when a later part fails; loading the file again goes on from there.

    Raises:
        BadPayload: the file cannot be read at all.
        NotActive: there is no such store, or it is not active.
    """
    store = active_store(context, store_id)
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session)
        zone = time_zone(row.time_zone if row else "UTC")
        products = imports.catalogue(session)
    result = Imported()
    with open_export(path, Origin(store.region, zone, store.currency)) as export:
        result.format, result.unknown_columns = export.format.name, export.unknown_columns
        orders = _distinct(export, result)
        while batch := list(islice(orders, BATCH)):
            with store_transaction(context.engine, store_id) as session:
                savepoint = session.begin_nested()
                _load(session, store, products, batch, result)
                if dry_run:
                    savepoint.rollback()
    return result


def _distinct(export: Export, result: Imported) -> Iterator[Found]:
    """The orders of the file, each once; problems go into the result."""
    seen: set[str] = set()
    for item in export.orders():
        if isinstance(item, Problem):
            result.problems.append(item)
        elif item.order.id in seen:
            text = "the order comes a second time in the file; the first is taken"
            result.problems.append(Problem(item.line, "", text))
        else:
            seen.add(item.order.id)
            yield item


def _load(
    session: Session,
    store: ActiveStore,
    products: Catalogue,
    batch: Sequence[Found],
    result: Imported,
) -> None:
    lock_store(session, store)
    lines = {item.order.id: item.line for item in batch}
    skus = {item.order.id: item.skus for item in batch}
    orders = _without_strangers(session, [item.order for item in batch], lines, result)
    facts = [
        (("order", order.id), Fact(_matched(order, products, skus[order.id]), read_now=True))
        for order in orders
    ]
    keyed: list[tuple[Key, Fact]] = without_erased(session, store, facts)  # type: ignore[arg-type]
    wanted = _wanted(known(session, [key for key, _ in keyed]), keyed, result)
    identifiers = [key[1] for key, _ in wanted]
    before = points.granted(session, identifiers)
    absorbed = absorb(session, store, wanted)
    result.points += points.granted(session, identifiers) - before
    for key, fact in wanted:
        if key in absorbed.failures:
            said = describe(absorbed.failures[key])
            result.problems.append(Problem(lines[key[1]], "", said))
        else:
            _count(fact, result)


def _without_strangers(
    session: Session, orders: Sequence[Order], lines: dict[str, int], result: Imported
) -> list[Order]:
    """The orders but for those whose number, taken for their ID, is another order's number.

    A file may tell the number only, which is the ID unless a plugin counts orders anew.
    """
    suspects = {order.number for order in orders if order.number == order.id}
    taken = imports.orders_by_number(session, suspects)
    kept = []
    for order in orders:
        if taken.get(order.number, order.id) == order.id:
            kept.append(order)
        else:
            text = "the store has this order's number under another ID; export the ID column too"
            result.problems.append(Problem(lines[order.id], "", text))
    return kept


def _matched(order: Order, products: Catalogue, skus: Mapping[str, str]) -> Order:
    """The order with the store's products in its lines, by identifier, else SKU, else name."""
    return replace(
        order,
        modified_at=EPOCH,
        lines=tuple(
            replace(line, product_id=_product(line, products, skus.get(line.id, "")))
            for line in order.lines
        ),
    )


def _product(line: OrderLine, products: Catalogue, sku: str) -> str | None:
    if line.product_id in products.identifiers:
        return line.product_id
    if found := products.by_sku.get(sku):
        return found
    # Of a variation the name goes on, like "Tee Shirt - S".
    name = line.name
    while name:
        if name in products.by_name:
            return products.by_name[name]
        name = name.rpartition(" - ")[0]
    return None


def _wanted(
    versions: dict[Key, Version], facts: Sequence[tuple[Key, Fact]], result: Imported
) -> list[tuple[Key, Fact]]:
    """The facts to be kept. What the API told is known and left, however it differs."""
    wanted = []
    for key, fact in facts:
        version, order = versions.get(key), fact.record
        is_from_file = version is not None and version.modified_at == EPOCH and not version.gone
        is_news = isinstance(order, Order) and version_of(order) != version
        if version is None or (is_from_file and is_news):
            wanted.append((key, replace(fact, known_before=version)))
        else:
            result.known += 1
    return wanted


def _count(fact: Fact, result: Imported) -> None:
    order = fact.record
    if not isinstance(order, Order):
        return
    if fact.known_before is None:
        result.new += 1
    else:
        result.changed += 1
    result.statuses[order.status] += 1
    with_product = sum(line.product_id is not None for line in order.lines)
    result.matched += with_product
    result.unmatched += len(order.lines) - with_product
