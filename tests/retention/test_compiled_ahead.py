import subprocess
import sys
from importlib import import_module
from pkgutil import iter_modules

import polars as pl

from retention import kernels
from retention.compiled_ahead import compile_ahead
from retention.kept_lists import KeptLists, Options
from tests.retention.tables import orders, products


def variants() -> dict[str, int]:
    """For how many types of arguments each function of the kernels is compiled."""
    found = {}
    for module in iter_modules(kernels.__path__):
        for name, value in vars(import_module(f"{kernels.__name__}.{module.name}")).items():
            if hasattr(value, "signatures"):
                found[f"{module.name}.{name}"] = len(value.signatures)
    return found


def main() -> None:
    """Say what single changes of a store have compiled that was not compiled ahead."""
    compile_ahead()
    ahead = variants()
    bought = orders(
        *((one, one % 9 or None, one / 3, [one % 7, one % 5]) for one in range(80)),
    )
    catalogue = products(*((number, number % 3, True) for number in range(8)))
    lists = KeptLists(bought, catalogue, Options(90, 3, 50))
    lists.take_in([4], orders((4, 4, 1.5, [1, 6, 3])), catalogue)
    lists.take_in([4], bought.clear(), catalogue)
    lists.take_in([], bought.clear(), catalogue.with_columns(recommendable=pl.lit(value=False)))
    more = sorted(name for name, count in variants().items() if count > ahead[name])
    sys.stdout.write(f"{sum(ahead.values()) > 0} {more}")


def test_what_a_store_needs_is_compiled_ahead() -> None:
    # A process of its own, because this one may have compiled more.
    said = subprocess.run(
        [sys.executable, "-m", __name__], capture_output=True, text=True, check=True, timeout=300
    )
    assert said.stdout == "True []"


if __name__ == "__main__":
    main()
