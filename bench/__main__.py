"""Run all measurements: `python -m bench [acknowledge] [drain] [demo] [reports]`, or some of them.

FULL=1 takes all 2,469 households for the demo's store instead of 400.
"""

import os
import platform
import sys
import time
from importlib.metadata import version

from sqlalchemy import text

from bazgasht.logs import configure
from bench import acknowledge, cross_sell, drain, recomputation, reports
from bench.demo_store import demo_store
from bench.installation import Installation, installation
from bench.machine import processor
from database.session import transaction

HOUSEHOLDS = 400
PACKAGES = ("granian", "flask", "rq", "psycopg", "polars")


def demo(made: Installation) -> None:
    """Measure on the demo's store, which both of these need."""
    households = 0 if os.environ.get("FULL") == "1" else HOUSEHOLDS
    began = time.monotonic()
    with demo_store(made, households) as store:
        print(f"\n   (The demo's store was installed in {time.monotonic() - began:.0f} s.)")
        cross_sell.measure(store)
        recomputation.measure(store)


PARTS = {
    "acknowledge": acknowledge.measure,
    "drain": drain.measure,
    "demo": demo,
    "reports": reports.measure,
}


def main() -> None:
    """Run the parts named on the command line, each on an installation of its own."""
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        sys.exit(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    configure("WARNING", "text")
    began = time.monotonic()
    for number, part in enumerate(chosen):
        with installation() as made:
            if number == 0:
                print_machine(made)
            PARTS[part](made)
    print(f"\nMeasured in {time.monotonic() - began:.0f} s.")


def print_machine(made: Installation) -> None:
    """Print what the figures were measured on and with."""
    with transaction(made.context.engine) as session:
        postgres = session.scalar(text("SHOW server_version"))
        safe = [session.scalar(text(f"SHOW {name}")) for name in ("fsync", "synchronous_commit")]
    server = made.context.redis.info("server")
    queue_server = f"{server.get('server_name', 'redis')} {server.get('valkey_version', '?')}"
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(
        f"{os.cpu_count()} cores ({processor()}), {platform.system()} {platform.release()}, "
        f"load before: {load}\nPython {platform.python_version()}, PostgreSQL {postgres} "
        f"(fsync {safe[0]}, synchronous_commit {safe[1]}), {queue_server}, {packages}"
    )


if __name__ == "__main__":
    main()
