"""One measurement, in a process of its own: `python -m bench.speed.measure METHOD DATA RESULT`."""

import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from bench.speed.data import Purchases
from bench.speed.definition import Found
from bench.speed.methods import METHODS


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of one run, and the most memory that its process ever took, in bytes."""

    seconds: float
    peak: int


def measure(name: str, data: Path, result: Path) -> Measured:
    """Run a method once on what `data` holds, after a small run that is not measured.

    What is measured begins with two arrays in memory, the order and the product of each line,
    and ends with the lists; whatever shape a library wants is made within. The result is kept.
    """
    run = METHODS[name].run
    purchases = Purchases.load(data)
    run(purchases.some())
    began = time.perf_counter()
    found = run(purchases)
    seconds = time.perf_counter() - began
    peak = peak_memory()
    columns = {column: value for column, value in asdict(found).items() if value is not None}
    np.savez(result, **columns)
    return Measured(seconds, peak)


def found(result: Path) -> Found:
    """What a measurement found."""
    with np.load(result) as kept:
        return Found(**kept)


def peak_memory() -> int:
    """The most memory this process ever took, in bytes; Linux only."""
    for line in Path("/proc/self/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status does not tell the peak of memory")


if __name__ == "__main__":
    print(json.dumps(asdict(measure(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])))))
