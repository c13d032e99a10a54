"""Which format a file has, told by its header."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from connector.errors import BadPayload
from connector.exports.reading import Export, Format, Origin
from connector.exports.shopify import SHOPIFY
from connector.exports.table import Table, open_table
from connector.exports.woocommerce_columns import WEBTOFFEE
from connector.exports.woocommerce_rows import ADVANCED_ORDER_EXPORT

FORMATS = (SHOPIFY, ADVANCED_ORDER_EXPORT, WEBTOFFEE)


@contextmanager
def open_export(path: Path, origin: Origin) -> Iterator[Export]:
    """The orders of the file at `path`, read while the block runs.

    Raises:
        BadPayload: it cannot be opened, has no known format, or lacks columns; they are named.
    """
    with open_table(path) as table:
        yield Export(_format(table), table, origin)


def _format(table: Table) -> Format:
    for one in FORMATS:
        if one.signature <= table.columns:
            if missing := one.missing(table.columns):
                raise BadPayload(
                    f"{one.name}: the file lacks the columns {', '.join(missing)}; "
                    "export it again with them"
                )
            return one
    known = "; ".join(one.name for one in FORMATS)
    raise BadPayload(f"the file's columns are of none of the known exports: {known}")
