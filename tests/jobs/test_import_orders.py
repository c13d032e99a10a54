"""Older orders from a file: counted before, loaded once, and never over what the API told."""

from decimal import Decimal
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select

from database.models import Base, Customer, Order, OrderLine, PointEntry, Product
from database.orders import EPOCH
from database.privacy import Subject
from jobs import privacy as privacy_jobs
from jobs import queue
from jobs.context import NotActive
from jobs.erasing import erase
from jobs.import_orders import Imported, import_orders
from tests.conftest import Installed, work_off
from tests.jobs.test_privacy import catch_up
from tests.merchant import Merchant
from tests.shop import Shop

HEADER = (
    '"Order ID","Order Number","Order Status","Order Date","Email (Billing)","Item Name",'
    '"Quantity","Item Cost","Order Refund Amount","Order Total Amount","Gift wrap"\n'
)
FILE = (
    HEADER
    + "9001,9001,Completed,2020-05-04 10:12,ada@example.test,House Blend Beans,2,20.00,0,47.00,\n"
    "9001,9001,Completed,2020-05-04 10:12,ada@example.test,Tee Shirt - M,1,7.00,0,47.00,\n"
    "9002,9002,Processing,2020-06-04 10:12,buyer@example.test,Paper Filters,1,4.50,0,4.50,\n"
    "9003,9003,Failed,2020-06-05 10:12,buyer@example.test,Something old,1,99.00,0,99.00,\n"
    "9004,9004,Completed,2020-06-06 10:12,x@example.test,Green Tea,one,12.00,0,12.00,\n"
    "9002,9002,Processing,2020-06-04 10:12,buyer@example.test,Paper Filters,1,4.50,0,4.50,\n"
)


def load(installed: Installed, path: Path, text: str, *, dry_run: bool = False) -> Imported:
    file = path / "orders.csv"
    file.write_text(text, "utf-8")
    return import_orders(installed.context, installed.id, file, dry_run=dry_run)


def sizes(installed: Installed) -> dict[str, int]:
    with installed.scope() as session:
        return {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
            if "store_id" in table.columns
        }


def test_a_dry_run_tells_the_numbers_of_the_real_one_and_changes_nothing(
    installed: Installed, tmp_path: Path
) -> None:
    before = sizes(installed)
    told = load(installed, tmp_path, FILE, dry_run=True)
    assert sizes(installed) == before
    done = load(installed, tmp_path, FILE)
    assert told == done
    assert (done.new, done.changed, done.known) == (3, 0, 0)
    # 2 x 20.00 and 7.00 give 47 points, 4.50 gives 4, and a failed order none.
    assert done.points == 51
    assert (done.matched, done.unmatched) == (3, 1)
    assert dict(done.statuses) == {"completed": 1, "processing": 1, "failed": 1}
    assert done.unknown_columns == ["Gift wrap"]
    assert [str(problem) for problem in done.problems] == [
        "line 6: Quantity: is not a quantity; write a number like 2",
        "line 7: the order comes a second time in the file; the first is taken",
    ]


def test_what_is_loaded_counts_as_if_the_store_had_told_it(
    installed: Installed, tmp_path: Path
) -> None:
    load(installed, tmp_path, FILE)
    catch_up(installed)
    with installed.scope() as session:
        rows = session.execute(
            select(Order.external_id, Order.kept_net, Order.modified_at, Customer.key)
            .join(Customer, Customer.id == Order.customer_id)
            .order_by(Order.external_id)
        ).all()
        ada = session.scalars(
            select(Customer.key).where(Customer.email == "ada@example.test")
        ).one()
        assert [tuple(row) for row in rows] == [
            ("9001", Decimal("47.0000"), EPOCH, ada),
            ("9002", Decimal("4.5000"), EPOCH, "email:buyer@example.test"),
            ("9003", Decimal("99.0000"), EPOCH, "email:buyer@example.test"),
        ]
        lines = session.execute(
            select(OrderLine.name, Product.name)
            .outerjoin(Product, Product.id == OrderLine.product_id)
            .order_by(OrderLine.order_id, OrderLine.position)
        ).all()
    assert [tuple(line) for line in lines] == [
        ("House Blend Beans", "House Blend Beans"),
        ("Tee Shirt - M", "Tee Shirt"),
        ("Paper Filters", "Paper Filters"),
        ("Something old", None),
    ]
    queue.enqueue(installed.context.redis, queue.WRITE_BACK, installed.id)
    work_off(installed.context)
    assert Shop(installed.sandbox).meta("ada@example.test")["bazgasht_points"] == "47"


def test_loading_the_same_file_again_changes_nothing(installed: Installed, tmp_path: Path) -> None:
    load(installed, tmp_path, FILE)
    before = sizes(installed)
    again = load(installed, tmp_path, FILE)
    assert (again.new, again.changed, again.known, again.points) == (0, 0, 3, 0)
    assert sizes(installed) == before


def test_a_newer_file_changes_what_an_older_one_told(installed: Installed, tmp_path: Path) -> None:
    load(installed, tmp_path, FILE)
    newer = FILE.replace("buyer@example.test,Paper Filters,1,4.50,0,", "buyer@example.test,"
                         "Paper Filters,1,4.50,1.50,")  # fmt: skip
    for dry_run in (True, False):
        done = load(installed, tmp_path, newer, dry_run=dry_run)
        # Of 4.50 are 3.00 left: 3 points instead of 4.
        assert (done.new, done.changed, done.known, done.points) == (0, 1, 2, -1)


def test_what_the_api_told_is_never_changed_by_a_file(installed: Installed, tmp_path: Path) -> None:
    order = Shop(installed.sandbox).order("House Blend Beans", email="ada@example.test")
    catch_up(installed)
    text = HEADER + (
        f"{order['id']},{order['id']},Completed,2020-05-04 10:12,ada@example.test,"
        "House Blend Beans,2,90.00,0,180.00,\n"
    )
    done = load(installed, tmp_path, text)
    assert (done.new, done.changed, done.known, done.points) == (0, 0, 1, 0)
    with installed.scope() as session:
        row = session.scalars(select(Order)).one()
        assert (row.kept_net, row.status) == (Decimal("23.0000"), "processing")


def test_what_a_file_told_gives_way_to_the_api(installed: Installed, tmp_path: Path) -> None:
    shop = Shop(installed.sandbox)
    order = shop.order("House Blend Beans", email="ada@example.test")
    text = HEADER + (
        f"{order['id']},{order['id']},Completed,2020-05-04 10:12,ada@example.test,"
        "House Blend Beans,1,99.00,0,99.00,\n"
    )
    with installed.scope() as session:
        assert session.scalars(select(Order)).all() == []
    assert load(installed, tmp_path, text).new == 1
    catch_up(installed)
    with installed.scope() as session:
        row = session.scalars(select(Order)).one()
        assert (row.kept_net, row.modified_at > EPOCH) == (Decimal("23.0000"), True)
        assert session.scalar(select(func.sum(PointEntry.points))) == 23


def test_comparing_identifiers_leaves_orders_that_only_a_file_knows(
    installed: Installed, tmp_path: Path
) -> None:
    load(installed, tmp_path, FILE)
    queue.enqueue(installed.context.redis, queue.COMPARE, installed.id)
    work_off(installed.context)
    with installed.scope() as session:
        assert session.scalars(select(Order.gone)).all() == [False] * 3
        assert session.scalar(select(func.sum(PointEntry.points))) == 51


def test_a_number_that_is_another_orders_is_not_taken_for_an_id(
    installed: Installed, tmp_path: Path
) -> None:
    load(installed, tmp_path, HEADER + FILE.split("\n")[1].replace("9001,9001", "9001,5001") + "\n")
    text = FILE.replace('"Order ID",', "").replace("\n9001,", "\n").replace("\n9002,", "\n")
    text = text.replace("\n9003,", "\n").replace("\n9004,", "\n").replace("\n9001,", "\n5001,")
    done = load(installed, tmp_path, text)
    assert (done.new, done.known) == (2, 0)
    assert str(done.problems[-1]) == (
        "line 2: the store has this order's number under another ID; export the ID column too"
    )


def test_a_file_does_not_bring_an_erased_person_back(installed: Installed, tmp_path: Path) -> None:
    load(installed, tmp_path, FILE)
    subject = Subject(email="buyer@example.test")
    key = privacy_jobs.ask(installed.context, installed.id, "erase", subject)
    erase(installed.context, installed.id, subject, key)
    extra = FILE + (
        "9009,9009,Completed,2020-07-04 10:12,buyer@example.test,Green Tea,1,12.00,0,12.00,\n"
    )
    for dry_run in (True, False):
        done = load(installed, tmp_path, extra, dry_run=dry_run)
        assert (done.new, done.points) == (1, 12)
    again = load(installed, tmp_path, extra)
    assert (again.new, again.changed, again.known) == (0, 0, 4)
    with installed.scope() as session:
        emails = set(session.scalars(select(Order.email)))
        assert len(emails) == 2
        assert "buyer@example.test" not in emails


def test_a_store_that_is_not_active_takes_no_file(installed: Installed, tmp_path: Path) -> None:
    with pytest.raises(NotActive):
        import_orders(installed.context, UUID(int=1), tmp_path / "no.csv", dry_run=True)


SHOPIFY = (
    "Name,Email,Financial Status,Currency,Subtotal,Shipping,Taxes,Total,Created at,"
    "Lineitem quantity,Lineitem name,Lineitem price,Lineitem sku,Id\n"
)


def test_a_line_of_shopifys_export_is_its_skus_product_or_else_its_names(
    merchant: Merchant, tmp_path: Path
) -> None:
    for name in ("Earl Grey", "Green Tea"):
        merchant.shop.store.products[merchant.product(name)].sku = "TEA"
        merchant.shop.merchant.change_product(merchant.product(name))
    merchant.catch_up()
    lines = (
        *("Beanie,9.00,COF-1", "Old shirt - M,9.00,CLO-3-M", "Green Tea,9.00,TEA"),
        *("Socks - red,9.00,NEW", "Beanie,9.00,", "Something old,9.00,OLD"),
    )
    first, *others = lines
    text = (
        SHOPIFY + f"#7,ada@example.test,paid,USD,54.00,0,0,54.00,2020-05-04 10:12 Z,1,{first},7\n"
    )
    text += "".join(f"#7,ada@example.test,,,,,,,2020-05-04 10:12 Z,1,{line},\n" for line in others)
    file = tmp_path / "orders.csv"
    file.write_text(text, "utf-8")
    done = import_orders(merchant.context, merchant.id, file, dry_run=False)
    assert (done.new, done.problems, done.unknown_columns) == (1, [], [])
    assert (done.matched, done.unmatched) == (5, 1)
    with merchant.scope() as session:
        named = session.execute(
            select(OrderLine.name, Product.name)
            .outerjoin(Product, Product.id == OrderLine.product_id)
            .order_by(OrderLine.position)
        ).all()
    assert [tuple(one) for one in named] == [
        ("Beanie", "House Blend Beans"),
        ("Old shirt - M", "Tee Shirt"),
        # Two products have this SKU, so that the name tells.
        ("Green Tea", "Green Tea"),
        ("Socks - red", "Socks"),
        ("Beanie", "Beanie"),
        ("Something old", None),
    ]


def test_a_line_of_woocommerces_export_is_its_skus_product_too(
    installed: Installed, tmp_path: Path
) -> None:
    text = (HEADER + FILE.split("\n")[1] + "\n").replace('"Item Name"', '"Item Name",SKU')
    done = load(installed, tmp_path, text.replace("House Blend Beans", "Old beans,COF-1"))
    assert (done.matched, done.unmatched, done.unknown_columns) == (1, 0, ["Gift wrap"])
