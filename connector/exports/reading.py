"""From rows to orders: each group of rows is one order, or the problems that keep it from it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import TypeVar

from connector.exports import cells
from connector.exports.table import Row, Table
from connector.identity import normalise_email, normalise_phone
from retention.records import Order

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Origin:
    """What the store says of itself, for what a file leaves out.

    `region` (two letters) reads local phone numbers, `currency` is the store's own.
    """

    region: str
    zone: tzinfo
    currency: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why something in the file is not read: the line, the column, what is wrong and the fix."""

    line: int
    column: str
    text: str

    def __str__(self) -> str:
        column = f"{self.column}: " if self.column else ""
        return f"line {self.line}: {column}{self.text}"


@dataclass(frozen=True, slots=True)
class Found:
    """An order and the line where it begins. Its `modified_at` is when it was placed.

    Lines have a product only where the file tells its identifier; `skus` are the SKUs of those
    lines of which it tells one, by the line's identifier.
    """

    line: int
    order: Order
    skus: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Group:
    """The rows of one order. What cannot be read is noted, and something harmless given."""

    rows: Sequence[Row]
    origin: Origin
    decimal_comma: bool
    problems: list[Problem] = field(default_factory=list)
    skus: dict[str, str] = field(default_factory=dict)

    @property
    def first(self) -> Row:
        """The row that carries what belongs to the whole order."""
        return self.rows[0]

    def amount(self, row: Row, *columns: str) -> Decimal:
        """An amount; 0 where the cell is empty."""
        return self._read(
            row,
            columns,
            lambda text: cells.read_amount(text, decimal_comma=self.decimal_comma),
            Decimal(0),
        )

    def quantity(self, row: Row, *columns: str) -> int:
        """A number of pieces."""
        return self._read(row, columns, cells.read_quantity, 0, needed=True)

    def moment(self, row: Row, *columns: str) -> datetime | None:
        """A moment in UTC; None where the cell is empty."""
        return self._read(row, columns, self._moment, None)

    def _moment(self, text: str) -> datetime | None:
        return cells.read_moment(text, self.origin.zone)

    def identifier(self, row: Row, *columns: str, needed: bool = False) -> str:
        """An object's number; empty where the cell is, or is 0."""
        if not needed and cells.latin(row.text(*columns)) == "0":
            return ""
        return self._read(row, columns, cells.read_identifier, "", needed=needed)

    def email(self, *columns: str) -> str | None:
        """The buyer's address, None where there is none that names a person."""
        return normalise_email(self.first.text(*columns))

    def phone(self, country: str, *columns: str) -> str | None:
        """The buyer's number, as of that country, else of the store's."""
        region = country if len(country) == 2 else self.origin.region
        return normalise_phone(self.first.text(*columns), region)

    def currency(self, *columns: str) -> str:
        """The order's currency by its code; the store's own where the cell is empty."""
        code = self.first.text(*columns).upper() or self.origin.currency
        if not (len(code) == 3 and code.isascii() and code.isalpha()):
            self.refuse(self.first, columns[0], "is not a currency's code; write it like USD")
        return code

    def note_sku(self, line: str, text: str) -> None:
        """Note the SKU of the line of this identifier, if there is one."""
        if text:
            self.skus[line] = text

    def refuse(self, row: Row, column: str, text: str) -> None:
        """Note a problem, once, however often the cell is read."""
        problem = Problem(row.line, column, text)
        if problem not in self.problems:
            self.problems.append(problem)

    def placed_at(self, row: Row, *columns: str) -> datetime:
        """When the order was placed, which every order must tell."""
        moment = self.moment(row, *columns)
        if moment is None and not row.text(*columns):
            self.refuse(row, columns[0], "is empty; the time of the order is needed")
        return moment or datetime.min.replace(tzinfo=self.origin.zone)

    def _read(
        self,
        row: Row,
        columns: Sequence[str],
        reader: Callable[[str], Value],
        empty: Value,
        *,
        needed: bool = False,
    ) -> Value:
        text = row.text(*columns)
        if not text and not needed:
            return empty
        try:
            return reader(text)
        except ValueError as error:
            said = str(error) if text else "is empty; fill it in"
            told = next((name for name in columns if row.cells.get(name)), columns[0])
            self.refuse(row, told, said)
            return empty


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file: how it is recognised, and how a group of its rows is read.

    `key` names the columns that tell an order from the next one, and `has_lines_in_rows` says
    that each line of an order has a row of its own. `needed` lists what must be there, each as
    alternatives of which one suffices; `used` and `known` are the columns that are read, and
    those that are known to be of no use. All names are in lower case. `has_own_columns` says
    whether a further column belongs to the format.
    """

    name: str
    signature: frozenset[str]
    key: tuple[str, ...]
    has_lines_in_rows: bool
    needed: Sequence[tuple[str, ...]]
    used: frozenset[str]
    known: frozenset[str]
    read: Callable[[Group], Order]
    has_own_columns: Callable[[str], bool] = lambda _column: False

    def missing(self, columns: frozenset[str]) -> list[str]:
        """The needed columns that a file lacks."""
        return [names[0] for names in self.needed if not columns.intersection(names)]


@dataclass(frozen=True, slots=True)
class Export:
    """An open file of a known format; its orders can be read once."""

    format: Format
    table: Table
    origin: Origin

    @property
    def unknown_columns(self) -> list[str]:
        """Columns, as written, that the format does not know; they are ignored."""
        known = self.format.used | self.format.known
        return [
            name
            for name in self.table.header
            if name
            and name.casefold() not in known
            and not self.format.has_own_columns(name.casefold())
        ]

    def orders(self) -> Iterator[Found | Problem]:
        """The orders in the file's order, and between them the problems of what is none."""
        written = {name.casefold(): name for name in self.table.header}
        for rows in self._groups():
            group = Group(rows, self.origin, self.table.decimal_comma)
            order = self._order(group)
            for problem in group.problems:
                yield replace(problem, column=written.get(problem.column, problem.column))
            if order is not None and not group.problems:
                yield Found(group.first.line, order, group.skus)

    def _order(self, group: Group) -> Order | None:
        """The order of these rows.

        One of which a row cannot be read is left out as a whole: with a line missing its amounts
        would be wrong.
        """
        for row in group.rows:
            if row.trouble:
                group.refuse(row, "", row.trouble)
        readable = [row for row in group.rows if not row.trouble]
        if readable and group.problems:
            text = "the order that begins here is left out, because a row of it cannot be read"
            group.refuse(readable[0], "", text)
        return None if group.problems else self.format.read(group)

    def _groups(self) -> Iterator[list[Row]]:
        """Rows that follow each other and carry the same key, or none, belong together."""
        rows: list[Row] = []
        for row in self.table.rows():
            key = row.text(*self.format.key)
            begins = not self.format.has_lines_in_rows or (
                bool(key) and key != rows[0].text(*self.format.key) if rows else False
            )
            if rows and begins:
                yield rows
                rows = []
            rows.append(row)
        if rows:
            yield rows
