"""A CSV file as rows, streamed: whatever its encoding and delimiter, however large it is."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TextIO

from connector.errors import BadPayload

DELIMITERS = ",;\t"
LONGEST_HEADER = 64 * 1024
# A cell of a merchant's notes is long; one of megabytes is an unclosed quotation mark.
LONGEST_CELL = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the line at which it begins, and its cells by column in lower case.

    `trouble` says why the row cannot be read; its cells are then what could be made out of it.
    """

    line: int
    cells: Mapping[str, str]
    trouble: str = ""

    def text(self, *columns: str) -> str:
        """The first of these cells that is not empty, without blanks and a spreadsheet's mark."""
        for column in columns:
            value = self.cells.get(column, "").replace("\x00", "").strip().removeprefix("'")
            if value:
                return value
        return ""


@dataclass(frozen=True, slots=True)
class Table:
    """An open file after its header; `header` holds the columns' names as written."""

    file: TextIO
    delimiter: str
    header: Sequence[str]

    @property
    def columns(self) -> frozenset[str]:
        """The columns' names in lower case."""
        return frozenset(name.casefold() for name in self.header)

    @property
    def decimal_comma(self) -> bool:
        """Whether a comma may stand for the decimal point, as in files with semicolons."""
        return self.delimiter == ";"

    def rows(self) -> Iterator[Row]:
        """The rows after the header; empty ones are passed over."""
        names = [name.casefold() for name in self.header]
        reader = csv.reader(self.file, delimiter=self.delimiter, strict=True)
        next(reader)
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error:
                yield Row(line, {}, "a quotation mark is missing, or one too many; correct it")
                continue
            if any(cell.strip() for cell in cells):
                yield _row(line, names, cells)


def _row(line: int, names: Sequence[str], cells: Sequence[str]) -> Row:
    by_name = dict(zip(names, cells, strict=False))
    if len(cells) > len(names):
        text = "has more cells than the header; put quotation marks around commas"
        return Row(line, by_name, text)
    if any("\udc80" <= sign <= "\udcff" for cell in cells for sign in cell):
        return Row(line, by_name, "is not in UTF-8; save the file as “CSV UTF-8”")
    return Row(line, by_name)


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """The file at `path`, its encoding and delimiter found out.

    Raises:
        BadPayload: it cannot be opened, or has no header.
    """
    csv.field_size_limit(LONGEST_CELL)
    with _opened(path) as file:
        head = file.read(LONGEST_HEADER)
        file.seek(0)
        delimiter, header = _header(head)
        yield Table(file, delimiter, header)


def _opened(path: Path) -> TextIO:
    """The file as text; spreadsheet programs mark what they write in UTF-16 at its beginning.

    What does not decode is kept apart, so that the rows which hold it can be named.
    """
    try:
        with path.open("rb") as raw:
            start = raw.read(2)
        encoding = "utf-16" if start in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
        errors = "replace" if encoding == "utf-16" else "surrogateescape"
        return path.open(encoding=encoding, errors=errors, newline="")
    except OSError as error:
        raise BadPayload(f"{path.name}: cannot be read: {error.strerror}") from None


def _header(head: str) -> tuple[str, list[str]]:
    candidates = []
    for delimiter in DELIMITERS:
        try:
            row = next(csv.reader(StringIO(head), delimiter=delimiter), [])
        except csv.Error:
            row = []
        candidates.append((len(row), delimiter, [name.strip() for name in row]))
    count, delimiter, header = max(candidates, key=lambda candidate: candidate[0])
    if count < 2:
        raise BadPayload("the file has no header with columns' names; export it anew as CSV")
    return delimiter, header
