"""The product in a data directory that a server's own account can reach."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.product import Product


@pytest.fixture
def stopped_product() -> Iterator[Product]:
    """The whole product, not yet started; whatever is left of it afterwards is killed."""
    directory = Path(tempfile.mkdtemp(prefix="bazgasht-faults-"))
    directory.chmod(0o755)
    product = Product(directory)
    try:
        yield product
    finally:
        product.kill()
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def product(stopped_product: Product) -> Product:
    """The whole product, ready to serve."""
    stopped_product.start()
    return stopped_product
