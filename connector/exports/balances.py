"""Balances of points in a CSV file: of our own, of another programme, or made by hand.

A row names a customer by account, e-mail address or phone number, and tells the points; when
they expire and a note may follow. Headings and digits may be Persian, dates of either calendar.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from connector.errors import BadPayload
from connector.exports.cells import latin, read_amount
from connector.exports.reading import Group, Origin, Problem
from connector.exports.table import Row, Table, open_table
from retention.ledger.changes import MOST_POINTS

ACCOUNT = ("account", "account_id", "user_id", "customer_id", "شناسه", "شناسه مشتری", "حساب")
EMAIL = ("email", "e-mail", "user_email", "customer_email", "ایمیل", "پست الکترونیک", "رایانامه")
PHONE = ("phone", "mobile", "billing_phone", "تلفن", "موبایل", "همراه", "شماره موبایل")
POINTS = ("points", "balance", "points_balance", "wc_points_balance", "امتیاز", "امتیازها")
EXPIRES = ("expires", "expires_at", "expiry", "expiry_date", "انقضا", "تاریخ انقضا")
NOTE = ("note", "reason", "یادداشت", "توضیح", "توضیحات")
KNOWN = frozenset((*ACCOUNT, *EMAIL, *PHONE, *POINTS, *EXPIRES, *NOTE))
LONGEST_NOTE = 500
# A dot before three digits parts thousands in half of the world, and decimals in the other.
_DOTTED = re.compile(r"[1-9]\d{0,2}\.\d{3}")


@dataclass(frozen=True, slots=True)
class ToldBalance:
    """A customer's points as a row tells them. At least one of the three names is there.

    `expires_at` (UTC) is when they lapse; a day that is named is their last one, by the store's
    clock. None where the row tells nothing.
    """

    line: int
    account_id: str | None
    email: str | None
    phone: str | None
    points: int
    expires_at: datetime | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class BalanceFile:
    """An open file of balances; its rows can be read once."""

    table: Table
    origin: Origin

    @property
    def unknown_columns(self) -> list[str]:
        """Columns, as written, that are not read."""
        return [name for name in self.table.header if name and name.casefold() not in KNOWN]

    def rows(self) -> Iterator[ToldBalance | Problem]:
        """The balances in the file's order, and between them the problems of what is none.

        A row with 0 points, or none, tells of nothing to bring in and is passed over.
        """
        written = {name.casefold(): name for name in self.table.header}
        for row in self.table.rows():
            group = Group([row], self.origin, self.table.decimal_comma)
            told = _told(group, row)
            for problem in group.problems:
                yield replace(problem, column=written.get(problem.column, problem.column))
            if told is not None and not group.problems:
                yield told


@contextmanager
def open_balances(path: Path, origin: Origin) -> Iterator[BalanceFile]:
    """The balances of the file at `path`, read while the block runs.

    Raises:
        BadPayload: it cannot be opened, or lacks a column that is needed; it is named.
    """
    with open_table(path) as table:
        if not table.columns & set(POINTS):
            raise BadPayload("the file has no column “points”; name the column of points so")
        if not table.columns & {*ACCOUNT, *EMAIL, *PHONE}:
            raise BadPayload(
                "the file has none of the columns “account”, “email” and “phone”; name one so"
            )
        yield BalanceFile(table, origin)


def _told(group: Group, row: Row) -> ToldBalance | None:
    if row.trouble:
        group.refuse(row, "", row.trouble)
        return None
    points = _points(group, row)
    if not points:
        return None
    told = ToldBalance(
        line=row.line,
        account_id=group.identifier(row, *ACCOUNT) or None,
        email=group.email(*EMAIL),
        phone=group.phone("", *PHONE),
        points=points,
        expires_at=_expires_at(group, row),
        note=row.text(*NOTE)[:LONGEST_NOTE],
    )
    _check_names(group, row, told)
    return told


def _points(group: Group, row: Row) -> int:
    text = latin(row.text(*POINTS))
    column = next((name for name in POINTS if row.cells.get(name)), POINTS[0])
    try:
        amount = read_amount(text, decimal_comma=group.decimal_comma)
    except ValueError:
        amount = Decimal("NaN")
    if _DOTTED.fullmatch(text):
        group.refuse(row, column, "can be read in two ways; write thousands without a dot")
    elif amount.is_nan() or amount != amount.to_integral_value():
        group.refuse(row, column, "is not a whole number; write it like 120")
    elif not 0 <= amount <= MOST_POINTS:
        group.refuse(row, column, f"must be a whole number from 0 to {MOST_POINTS:,}")
    else:
        return int(amount)
    return 0


def _expires_at(group: Group, row: Row) -> datetime | None:
    moment = group.moment(row, *EXPIRES)
    if moment is None or ":" in latin(row.text(*EXPIRES)):
        return moment
    # By the clock there, where the day after may begin 23 or 25 hours later.
    there = moment.astimezone(group.origin.zone).replace(tzinfo=None) + timedelta(days=1)
    return there.replace(tzinfo=group.origin.zone).astimezone(moment.tzinfo)


def _check_names(group: Group, row: Row, told: ToldBalance) -> None:
    if row.text(*EMAIL) and told.email is None:
        group.refuse(row, EMAIL[0], "is not an e-mail address; write it like name@example.com")
    if row.text(*PHONE) and told.phone is None:
        group.refuse(row, PHONE[0], "is not a phone number; write it with the country's code")
    if not (told.account_id or told.email or told.phone or group.problems):
        text = "names no customer; fill in an account, an e-mail address or a phone number"
        group.refuse(row, "", text)
