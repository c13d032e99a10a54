"""Print time and memory of counting pairs side by side: `python -m bench.speed [SIZE ...]`.

A size is a number of million lines, or `journey` for The Complete Journey, after which the times of
single orders follow; by default journey, 1 and 10. Slow libraries are left out of the large sizes.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

from bench.machine import processor
from bench.speed import changes
from bench.speed.cold import cold_start
from bench.speed.data import Purchases, complete_journey, synthetic
from bench.speed.definition import disagreement
from bench.speed.measure import Measured, found
from bench.speed.methods import METHODS, Method
from bench.tables import print_table

DEFAULT = ("journey", "1", "10")
ROUNDS = 3
SECONDS_TO_REPEAT = 5.0
SECONDS_OF_ROUNDS = 45.0
LONGEST_SECONDS = 150
DISTRIBUTIONS = ("numba", "numpy", "scipy", "implicit", "sparse-dot-topn", "sparse-dot-mkl",
                 "duckdb", "polars", "pandas", "pyfim", "mlxtend")  # fmt: skip


def main() -> None:
    """Measure each size; leaves with 1 when a library's result differs from ours."""
    sizes = sys.argv[1:] or DEFAULT
    for size in sizes:
        if size != "journey" and not (size.isdecimal() and int(size)):
            sys.exit(f"{size!r} is no size; give a whole number of million lines, or journey")
    began = time.monotonic()
    _print_machine()
    cold_start()
    differing = [name for size in sizes for name in _measure_size(size)]
    if "journey" in sizes:
        changes.measure()
    print(f"\nMeasured in {time.monotonic() - began:.0f} s.")
    sys.exit(f"results differ: {', '.join(differing)}" if differing else 0)


def _measure_size(size: str) -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data.npz"
        purchases = complete_journey() if size == "journey" else synthetic(int(size) * 1_000_000)
        purchases.save(data)
        title = _title(size, purchases)
        chosen = _chosen(size)
        runs = _runs(data, chosen)
        differing = {name: _difference(purchases, data.parent, name) for name in runs}
    _print(title, runs, differing)
    return [f"{name} ({text})" for name, text in differing.items() if text]


def _title(size: str, purchases: Purchases) -> str:
    what = "The Complete Journey" if size == "journey" else f"Synthetic, {size} million lines"
    return (
        f"{what}: {len(purchases.order):,} distinct lines, {purchases.orders:,} orders, "
        f"{purchases.products:,} products, {purchases.directed_pairs():,} directed pairs"
    )


def _chosen(size: str) -> list[str]:
    if size == "journey":
        return [name for name, method in METHODS.items() if method.real_data]
    return [name for name, method in METHODS.items() if method.most >= int(size)]


def _runs(data: Path, chosen: list[str]) -> dict[str, list[Measured]]:
    """Measure all once, then all again while there is time: what disturbs disturbs all alike."""
    runs: dict[str, list[Measured]] = defaultdict(list)
    began = time.monotonic()
    for number in range(ROUNDS):
        late = number > 0 and time.monotonic() - began > SECONDS_OF_ROUNDS
        for name in () if late else chosen:
            if number == 0 or (runs[name] and runs[name][0].seconds < SECONDS_TO_REPEAT):
                measured = _run(name, data)
                runs[name] += [measured] if measured else []
    return {name: of_it for name, of_it in runs.items() if of_it}


def _run(name: str, data: Path) -> Measured | None:
    """Measure in a process of its own, or say why that did not succeed."""
    result = data.parent / f"{name}.npz"
    command = [sys.executable, "-m", "bench.speed.measure", name, str(data), str(result)]
    # Intel's library lies where its wrapper does not look, and implicit wants BLAS without threads.
    environment = {"MKL_RT": f"{sys.prefix}/lib/libmkl_rt.so.3", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command,
            env=os.environ | environment,
            capture_output=True,
            text=True,
            check=True,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        print(f"   {name}: not done after {LONGEST_SECONDS} s")
        return None
    except subprocess.CalledProcessError as error:
        print(f"   {name}: {(error.stderr.strip().splitlines() or [error.returncode])[-1]}")
        return None
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _difference(purchases: Purchases, folder: Path, name: str) -> str:
    method = METHODS[name]
    if method.expected is None:
        return ""
    return disagreement(found(folder / f"{name}.npz"), method.expected(purchases))


def _print(title: str, runs: dict[str, list[Measured]], differing: dict[str, str]) -> None:
    quickest = median(run.seconds for run in runs["ours"])
    print_table(
        title,
        ["", "seconds", "from", "to", "times ours", "peak GB", "definition, checked"],
        [
            _row(name, METHODS[name], measured, quickest, differing[name])
            for name, measured in runs.items()
        ],
    )


def _row(
    name: str, method: Method, runs: list[Measured], quickest: float, difference: str
) -> list[str]:
    seconds = [run.seconds for run in runs]
    return [
        name,
        *(f"{value:.3f}" for value in (median(seconds), min(seconds), max(seconds))),
        f"{median(seconds) / quickest:.1f}",
        f"{max(run.peak for run in runs) / 1e9:.2f}",
        difference or method.remark,
    ]


def _print_machine() -> None:
    packages = []
    for name in DISTRIBUTIONS:
        try:
            packages.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            packages.append(f"{name} is not installed")
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"{os.cpu_count()} cores ({processor()}), load before: {load}\n{', '.join(packages)}")


if __name__ == "__main__":
    main()
