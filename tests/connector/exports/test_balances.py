"""Balances of points in CSV files, with the problems of rows that tell none."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from connector.errors import BadPayload
from connector.exports import Origin, Problem
from connector.exports.balances import ToldBalance, open_balances

TEHRAN = Origin("IR", ZoneInfo("Asia/Tehran"), "IRT")
Read = Callable[[str], tuple[list[ToldBalance], list[str]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def run(content: str) -> tuple[list[ToldBalance], list[str]]:
        path = tmp_path / "balances.csv"
        path.write_text(content, "utf-8")
        with open_balances(path, TEHRAN) as file:
            items = list(file.rows())
        told = [item for item in items if isinstance(item, ToldBalance)]
        return told, [str(item) for item in items if isinstance(item, Problem)]

    return run


def test_a_customer_is_named_by_account_email_or_phone(read: Read) -> None:
    assert read(
        "account,email,phone,points,expires,note\n"
        "12,,,100,,from the old shop\n"
        ",Sara@Example.test,,7,2027-01-31,\n"
        ",,0912 345 6780,1 200,2027-01-31 12:00,\n"
    ) == (
        [
            ToldBalance(2, "12", None, None, 100, note="from the old shop"),
            # The last day by Tehran's clock, which is 3:30 ahead.
            ToldBalance(
                3, None, "sara@example.test", None, 7, datetime(2027, 1, 31, 20, 30, tzinfo=UTC)
            ),
            ToldBalance(
                4, None, None, "+989123456780", 1200, datetime(2027, 1, 31, 8, 30, tzinfo=UTC)
            ),
        ],
        [],
    )


def test_headings_digits_and_dates_may_be_persian(read: Read) -> None:
    told, problems = read(
        "ایمیل،\n".replace("،", ",امتیاز,تاریخ انقضا,یادداشت") + "a@b.test,۱٬۲۰۰,۱۴۰۵/۱۲/۲۹,قدیمی\n"
    )
    assert problems == []
    # 29 Esfand 1405 is 20 March 2027.
    last_day_ends = datetime(2027, 3, 20, 20, 30, tzinfo=UTC)
    assert told == [ToldBalance(2, None, "a@b.test", None, 1200, last_day_ends, "قدیمی")]


def test_the_columns_of_a_list_of_wordpress_users_are_known(read: Read) -> None:
    told, problems = read("user_id;user_email;wc_points_balance\n5;a@b.test;40\n6;c@d.test;0\n")
    assert (told, problems) == ([ToldBalance(2, "5", "a@b.test", None, 40)], [])


def test_rows_that_cannot_be_read_are_named_and_the_others_kept(read: Read) -> None:
    told, problems = read(
        "email,phone,points,expires\n"
        "a@b.test,,many,\n"
        "a@b.test,,-5,\n"
        "a@b.test,,2.5,\n"
        "nobody,,5,\n"
        ",12,5,\n"
        ",,5,\n"
        "a@b.test,,5,31/12/2027\n"
        'a@b.test,,5,,"x"\n'
        "a@b.test,,5,\n"
    )
    assert [one.line for one in told] == [10]
    assert problems == [
        "line 2: points: is not a whole number; write it like 120",
        "line 3: points: must be a whole number from 0 to 1,000,000,000",
        "line 4: points: is not a whole number; write it like 120",
        "line 5: email: is not an e-mail address; write it like name@example.com",
        "line 6: phone: is not a phone number; write it with the country's code",
        "line 7: names no customer; fill in an account, an e-mail address or a phone number",
        "line 8: expires: is not a time; write it year first, like 2024-05-31 18:30 +03:30",
        "line 9: has more cells than the header; put quotation marks around commas",
    ]


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_thousand_that_may_be_a_one_is_refused(read: Read, separator: str) -> None:
    rows = "account,points\n1,1.000\n2,۱۲.۵۰۰\n3,120.00\n4,0.000\n5,1000.000\n"
    told, problems = read(rows.replace(",", separator))
    assert [(one.account_id, one.points) for one in told] == [("3", 120), ("5", 1000)]
    assert problems == [
        "line 2: points: can be read in two ways; write thousands without a dot",
        "line 3: points: can be read in two ways; write thousands without a dot",
    ]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("email,name", "the file has no column “points”"),
        ("name,points", "none of the columns “account”, “email” and “phone”"),
    ],
)
def test_a_file_without_a_needed_column_is_refused(read: Read, header: str, said: str) -> None:
    with pytest.raises(BadPayload, match=said):
        read(f"{header}\na,b\n")
