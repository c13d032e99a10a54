"""Files as they are exported, and what is read from them."""

from collections.abc import Callable
from datetime import UTC
from pathlib import Path

import pytest

from connector.exports import Found, Origin, Problem, open_export

ORIGIN = Origin(region="IR", zone=UTC, currency="USD")
Read = Callable[..., tuple[list[Found], list[str]]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """The orders in a file of this content, and the problems as the merchant reads them."""

    def run(content: str | bytes, origin: Origin = ORIGIN) -> tuple[list[Found], list[str]]:
        path = tmp_path / "orders.csv"
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        with open_export(path, origin) as export:
            items = list(export.orders())
        found = [item for item in items if isinstance(item, Found)]
        return found, [str(item) for item in items if isinstance(item, Problem)]

    return run
