"""The exports of two WooCommerce plugins, one with a row a line, one with a column a line."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from connector.exports import open_export
from retention.records import OrderLine, Refund
from tests.connector.exports.conftest import ORIGIN, Read

ROWS = (
    '"Order Number","Order Status","Order Date","Email (Billing)","Phone (Billing)",'
    '"Country Code (Billing)","Item #",SKU,"Item Name",Quantity,"Item Cost",'
    '"Order Refund Amount","Order Total Amount","Gift wrap"\n'
    '71,Completed,"2023-05-04 10:12",sara@example.test,09121234567,IR,1,TEA-1,"Green Tea",2,'
    "12.00,3.00,34.50,yes\n"
    '71,Completed,"2023-05-04 10:12",sara@example.test,09121234567,IR,2,COF-5,"Paper Filters",1,'
    "4.50,3.00,34.50,yes\n"
    '72,"در حال انجام","۱۴۰۲/۰۲/۱۵ 08:00",,,,1,,Socks,1,۷٫۰۰,0,7.00,\n'
)
COLUMNS = (
    "order_id,order_number,order_date,paid_date,status,order_total,order_currency,customer_id,"
    "billing_email,billing_phone,billing_country,refund_items,meta:wpml_language,"
    "line_item_1,line_item_2\n"
    "81,1081,2023-05-04 10:12:00,2023-05-04 10:13:00,wc-completed,30.50,EUR,5,sara@example.test,"
    "09121234567,IR,amount:3.00|reason:late|date:2023-05-06,en,"
    "name:Tea|Pot: big|product_id:24|sku:TEA-4|quantity:2|total:26.00|sub_total:28.00,"
    "name:Paper Filters|product_id:20|sku:|quantity:1|total:4.50|sub_total:4.50\n"
    "82,1082,2023-05-05 10:12:00,,processing,7.00,EUR,0,,,,,en,"
    "name:Socks|product_id:|sku:|quantity:1|total:7.00|sub_total:7.00,\n"
    "83,1083,2023-05-05 10:12:00,,processing,7.00,EUR,0,,,,,en,name:Socks|total:x,\n"
)


def test_a_row_for_each_line(read: Read) -> None:
    (first, second), problems = read(ROWS)
    assert problems == []
    order = first.order
    assert (order.id, order.number, order.status) == ("71", "71", "completed")
    assert (order.currency, order.total) == ("USD", Decimal("34.50"))
    assert order.placed_at == datetime(2023, 5, 4, 10, 12, tzinfo=UTC)
    assert (order.email, order.phone) == ("sara@example.test", "+989121234567")
    assert order.lines == (
        OrderLine("1", None, "Green Tea", 2, Decimal("24.00")),
        OrderLine("2", None, "Paper Filters", 1, Decimal("4.50")),
    )
    assert order.refunds == (Refund("export", Decimal("3.00"), Decimal(0), ()),)
    assert (first.skus, second.skus) == ({"1": "TEA-1", "2": "COF-5"}, {})
    assert (second.line, second.order.id, second.order.status) == (4, "72", "processing")
    assert second.order.placed_at == datetime(2023, 5, 5, 8, 0, tzinfo=UTC)
    assert second.order.net == Decimal("7.00")


def test_the_lines_own_amount_goes_before_the_price_of_one(read: Read) -> None:
    text = ROWS.replace('"Item Cost"', '"Order Line (w/o tax)"')
    (first, _), _ = read(text)
    assert [line.net for line in first.order.lines] == [Decimal("12.00"), Decimal("4.50")]


def test_quantities_after_refunds_cannot_stand_for_those_before(read: Read) -> None:
    found, problems = read(ROWS.replace("Quantity", "Quantity (- Refund)"))
    assert [item.order.id for item in found] == ["72"]
    assert problems == [
        "line 2: quantity: is missing and the order was refunded; export Quantity too"
    ]


def test_a_column_for_each_line(read: Read) -> None:
    (first, second), problems = read(COLUMNS)
    order = first.order
    assert (order.id, order.number, order.status) == ("81", "1081", "completed")
    assert (order.currency, order.account_id) == ("EUR", "5")
    assert order.paid_at == datetime(2023, 5, 4, 10, 13, tzinfo=UTC)
    assert (first.skus, second.skus) == ({"1": "TEA-4"}, {})
    assert order.lines == (
        OrderLine("1", "24", "Tea|Pot: big", 2, Decimal("26.00")),
        OrderLine("2", "20", "Paper Filters", 1, Decimal("4.50")),
    )
    assert order.refunds == (Refund("export 1", Decimal("3.00"), Decimal(0), ()),)
    assert (second.order.account_id, second.order.lines[0].product_id) == (None, None)
    assert problems == [
        "line 4: line_item_1: has no quantity; import the file as it was exported",
        "line 4: line_item_1: is not an amount; write it like 1234.50, without a currency",
    ]


def test_columns_that_no_format_knows_are_listed(tmp_path: Path) -> None:
    told = {}
    for name, content in (("rows", ROWS), ("columns", COLUMNS)):
        path = tmp_path / name
        path.write_text(content, "utf-8")
        with open_export(path, ORIGIN) as export:
            told[export.format.name] = export.unknown_columns
    assert told == {
        "Advanced Order Export For WooCommerce": ["Gift wrap"],
        "WebToffee's Order Export for WooCommerce": ["meta:wpml_language"],
    }


def test_a_large_file_is_never_held_whole(tmp_path: Path) -> None:
    head, body = COLUMNS.split("\n", 1)
    line = body.split("\n", 1)[0]
    path = tmp_path / "large.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write(head + "\n")
        file.writelines(f"{number}{line[2:]}\n" for number in range(1, 20_001))
    with open_export(path, ORIGIN) as export:
        orders = export.orders()
        first = next(orders)
        # Of nearly five megabytes the first order costs the header's look-ahead and one buffer.
        assert export.table.file.buffer.tell() < 200_000
        assert sum(1 for _ in orders) == 19_999
    assert first.line == 2


def test_an_order_of_rows_was_delivered_when_it_was_completed(read: Read) -> None:
    text = ROWS.replace('"Gift wrap"', '"Completed Date"').replace(
        ",yes\n", ',"2023-05-06 09:30"\n'
    )
    (first, second), _ = read(text)
    assert first.order.delivered_at == datetime(2023, 5, 6, 9, 30, tzinfo=UTC)
    assert second.order.delivered_at is None
