"""Shopify's order export: rows become orders with exact amounts."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from connector.errors import BadPayload
from retention.records import OrderLine, Refund
from tests.connector.exports.conftest import ORIGIN, Read

HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Currency,Subtotal,Shipping,Taxes,"
    "Total,Discount Code,Discount Amount,Created at,Lineitem quantity,Lineitem name,"
    "Lineitem price,Lineitem compare at price,Lineitem sku,Billing Country,Billing Phone,"
    "Cancelled at,Refunded Amount,Id,Tags,Lineitem discount\n"
)
TWO_LINES = (
    "#1001,Ada@Example.test,paid,2023-05-04 10:20:00 +0200,fulfilled,USD,45.00,5.00,4.50,54.50,"
    "TEN,5.00,2023-05-04 10:12:33 +0200,2,Green Tea - 100 g,15.00,,TEA-1,IR,'09351112233,,0.00,"
    "5051234567890,,0.00\n"
    "#1001,ada@example.test,,,,,,,,,,,2023-05-04 10:12:33 +0200,1,Tea Pot,20.00,,TEA-4,,,,,,,0\n"
)


def row(**cells: str) -> str:
    """One order of one line, with some cells otherwise."""
    values = {
        "Name": "#7", "Financial Status": "paid", "Subtotal": "10", "Total": "10", "Id": "7",
        "Created at": "2024-01-02 00:00 Z", "Lineitem quantity": "1", "Lineitem name": "Tea",
        "Lineitem price": "10",
    }  # fmt: skip
    values |= {name.replace("_", " "): value for name, value in cells.items()}
    return ",".join(values.get(name, "") for name in HEADER.strip().split(",")) + "\n"


def test_the_rows_of_one_order_become_one_record(read: Read) -> None:
    found, problems = read(HEADER + TWO_LINES)
    assert problems == []
    assert [item.line for item in found] == [2]
    order = found[0].order
    assert (order.id, order.number, order.status) == ("5051234567890", "#1001", "paid")
    assert (order.currency, order.total) == ("USD", Decimal("54.50"))
    assert order.placed_at == datetime(2023, 5, 4, 8, 12, 33, tzinfo=UTC)
    assert order.paid_at == datetime(2023, 5, 4, 8, 20, tzinfo=UTC)
    assert (order.email, order.phone) == ("ada@example.test", "+989351112233")
    assert (order.account_id, order.refunds) == (None, ())
    assert found[0].skus == {"1": "TEA-1", "2": "TEA-4"}
    # 45.00 are spread over 30.00 and 20.00: 27.00 and 18.00.
    assert order.lines == (
        OrderLine("1", None, "Green Tea - 100 g", 2, Decimal("27.0000")),
        OrderLine("2", None, "Tea Pot", 1, Decimal("18.0000")),
    )


def test_prices_that_hold_the_tax_are_told_without_it(read: Read) -> None:
    # 55 + 5 = 60: of the tax of 12 the goods bear 55/60, which is 11.
    text = row(Subtotal="55", Shipping="5", Taxes="12", Total="60", Lineitem_price="55")
    (found,), _ = read(HEADER + text)
    assert found.order.net == Decimal("44.0000")


def test_parts_of_a_discount_that_do_not_divide_add_up_to_the_whole(read: Read) -> None:
    lines = row(Subtotal="10.00", Lineitem_price="5", Total="10.00") + (
        row(Id="", Lineitem_price="5") * 2
    )
    (found,), problems = read(HEADER + lines)
    assert problems == []
    assert [line.net for line in found.order.lines] == [
        Decimal("3.3334"), Decimal("3.3333"), Decimal("3.3333"),
    ]  # fmt: skip


def test_a_refund_is_one_amount_and_a_cancelled_order_is_told_as_the_api_does(read: Read) -> None:
    text = row(Refunded_Amount="4.00", Financial_Status="partially_refunded") + row(
        Name="#8", Id="8", Cancelled_at="2024-01-03 00:00 Z"
    )
    (first, second), _ = read(HEADER + text)
    assert first.order.status == "partially_refunded"
    assert first.order.refunds == (Refund("export", Decimal("4.00"), Decimal(0), ()),)
    assert second.order.status == "cancelled"


def test_every_problem_names_line_column_and_fix_and_good_orders_are_kept(read: Read) -> None:
    text = (
        row(Name="#1", Id="1")
        + row(Name="#2", Id="2", Total="ten", Created_at="04/05/2023")
        + row(Name="#3", Id="5.05E+12")
        + row(Name="#4", Id="4", Lineitem_quantity="")
        + row(Name="#5", Id="5", Financial_Status="")
        + row(Name="#6", Id="6", Currency="dollars")
        + row(Name="#7", Id="7")
    )
    found, problems = read(HEADER + text)
    assert [item.order.id for item in found] == ["1", "7"]
    assert problems == [
        "line 3: Created at: is not a time; write it year first, like 2024-05-31 18:30 +03:30",
        "line 3: Total: is not an amount; write it like 1234.50, without a currency",
        "line 4: Id: was shortened by a spreadsheet program; import the file as it was exported",
        "line 5: Lineitem quantity: is empty; fill it in",
        "line 6: Financial Status: is empty; import the file as exported",
        "line 7: Currency: is not a currency's code; write it like USD",
    ]


def test_an_order_with_an_unreadable_row_is_left_out_as_a_whole(read: Read) -> None:
    bad = row(Id="", Lineitem_name="Milk").strip() + ",one,too,many\n"
    found, problems = read(HEADER + row() + bad + row(Name="#9", Id="9"))
    assert [item.order.id for item in found] == ["9"]
    assert problems == [
        "line 3: has more cells than the header; put quotation marks around commas",
        "line 2: the order that begins here is left out, because a row of it cannot be read",
    ]


def test_an_open_quotation_mark_costs_only_what_it_swallows(read: Read) -> None:
    broken = row(Name="#2", Id="2", Tags='a "b" c', Lineitem_name='"x"y')
    found, problems = read(HEADER + row(Name="#1", Id="1") + broken + row(Name="#3", Id="3"))
    assert [item.order.id for item in found] == ["3"]
    assert problems[0] == ("line 3: a quotation mark is missing, or one too many; correct it")


def test_persian_files_of_spreadsheet_programs_are_read(read: Read) -> None:
    text = (HEADER + row(Lineitem_name="چای ایرانی", Total="۱۰", Created_at="۱۴۰۲/۰۲/۱۴")).replace(
        ",", ";"
    )
    for content in ("\ufeff" + text, text.replace(";", "\t").encode("utf-16")):
        (found,), problems = read(content)
        assert problems == []
        assert found.order.lines[0].name == "چای ایرانی"
        assert found.order.placed_at == datetime(2023, 5, 4, tzinfo=UTC)


def test_a_row_in_another_encoding_is_named(read: Read) -> None:
    text = (HEADER + row(Name="#1", Id="1")).encode() + row(
        Name="#2", Id="2", Lineitem_name="قهوه"
    ).encode("cp1256")
    found, problems = read(text)
    assert [item.order.id for item in found] == ["1"]
    assert problems == ["line 3: is not in UTF-8; save the file as “CSV UTF-8”"]


def test_columns_that_are_missing_are_named(read: Read) -> None:
    with pytest.raises(BadPayload, match="lacks the columns id, subtotal"):
        read("Name,Created at,Financial Status,Total,Lineitem name,Lineitem quantity,"
             "Lineitem price\n")  # fmt: skip


@pytest.mark.parametrize("text", ["", "one\n", "a,b,c\n1,2,3\n"])
def test_a_file_of_no_known_format_is_refused(read: Read, text: str) -> None:
    with pytest.raises(BadPayload, match="columns"):
        read(text, ORIGIN)


@pytest.mark.parametrize(
    ("status", "delivered_at"),
    [
        ("fulfilled", datetime(2024, 1, 5, 9, 0, tzinfo=UTC)),
        ("partial", None),
        ("", None),
    ],
)
def test_what_was_sent_whole_counts_as_delivered(
    read: Read, status: str, delivered_at: datetime | None
) -> None:
    header = HEADER.replace("Tags", "Fulfilled at")
    text = row(Fulfillment_Status=status).replace(",7,,", ",7,2024-01-05 09:00 Z,")
    [found], problems = read(header + text)
    assert (found.order.delivered_at, problems) == (delivered_at, [])
