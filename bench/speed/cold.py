"""How long the first count of a process takes, with and without compiled code that was kept."""

import os
import subprocess
import sys
import tempfile
import time

from bench.tables import print_table

COUNT = """
import time
from bench.speed import definition
from bench.speed.data import synthetic
data = synthetic(1000)
began = time.perf_counter()
definition.ours(data)
print(time.perf_counter() - began)
"""


def cold_start() -> None:
    """Print the seconds of a count of a thousand lines, first without kept code and then with."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": folder}
        rows = []
        for name in ("compiled anew", "compiled code kept on disk"):
            began = time.perf_counter()
            done = subprocess.run(
                [sys.executable, "-c", COUNT],
                env=environment,
                capture_output=True,
                text=True,
                check=True,
            )
            whole = time.perf_counter() - began
            rows.append([name, f"{float(done.stdout):.2f}", f"{whole:.2f}"])
    print_table("The first count of a process", ["", "count s", "whole process s"], rows)
