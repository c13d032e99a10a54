"""`bazgasht demo`: everything on one machine, on data of its own that each demo begins anew."""

import os
import shutil
import signal
import socket
import sys
import time
from threading import Thread

import click
import requests
from sqlalchemy.exc import SQLAlchemyError

from bazgasht import composition
from bazgasht.cli import cli
from bazgasht.demo.journey import DemoFailed, Journey
from bazgasht.demo.report import report
from bazgasht.demo.screen import Screen
from bazgasht.demo.store import DemoStore
from bazgasht.logs import configure
from bazgasht.parts import parts
from bazgasht.settings import AppSettings
from bazgasht.supervisor import Part, Supervisor
from connector.errors import ConnectorError
from database.migrate import migrate
from jobs import context as job_context

HOUSEHOLDS = 400
LIVE_ORDERS = 300
LIVE_PER_SECOND = 20.0


@cli.command()
@click.option("--once", is_flag=True, envvar="ONCE", help="End after the check: 0 if all is true.")
@click.option("--full", is_flag=True, envvar="FULL", help="All 2,469 households.")
@click.pass_obj
def demo(settings: AppSettings, once: bool, full: bool) -> None:
    """Show the whole product on a pretend WooCommerce store with real purchases."""
    began = time.monotonic()
    settings = _demo_settings(settings)
    configure("WARNING", settings.log_format)
    shop = DemoStore(f"http://127.0.0.1:{free_port(8090)}")
    screen = Screen()
    screen.line(
        "Bazgasht: from first-time buyers to second-time buyers, on a grocer's real year.\n"
    )
    with composition.services(settings) as (running, where):
        migrate(str(where.owner_url), where.app_url)
        context = composition.make_context(settings, where)
        job_context.use(context)
        journey = Journey(context, shop, screen, LIVE_ORDERS, LIVE_PER_SECOND)
        everything = [
            _store_part(shop, 0 if full else HOUSEHOLDS),
            *parts(settings, where, composition.secret_keys(settings)),
        ]
        supervisor = Supervisor(everything, ensure=running.ensure)
        failed: list[bool] = []
        Thread(target=_drive, args=(journey, once, began, failed), daemon=True).start()
        code = supervisor.run()
    sys.exit(1 if failed else code)


def _drive(journey: Journey, once: bool, began: float, failed: list[bool]) -> None:
    """Take the steps, report, and end the demo or leave it running."""
    screen = journey.screen
    try:
        journey.run()
        report(journey)
        screen.line(f"\n{time.monotonic() - began:.0f} seconds in all.")
        if not once:
            screen.line("The store and the app stay up; Ctrl-C ends them.")
            return
    except (DemoFailed, ConnectorError, requests.RequestException, SQLAlchemyError) as error:
        failed.append(True)
        screen.line(f"\nThe demo failed: {error}")
    os.kill(os.getpid(), signal.SIGTERM)


def _demo_settings(settings: AppSettings) -> AppSettings:
    """The settings of a demo: development, a free port, and an empty directory of its own."""
    directory = settings.data_directory / "demo"
    shutil.rmtree(directory, ignore_errors=True)
    port = free_port(settings.port)
    os.environ["BAZGASHT_LOG_LEVEL"] = "WARNING"
    return settings.model_copy(
        update={
            "data_directory": directory,
            "database_url": None,
            "redis_url": None,
            "secret_keys": None,
            "development": True,
            "host": "127.0.0.1",
            "port": port,
            "public_url": f"http://127.0.0.1:{port}",
        }
    )


def _store_part(shop: DemoStore, households: int) -> Part:
    port = shop.url.rsplit(":", 1)[1]
    options = ["--port", port, "--households", str(households), "--history-share", "0.98"]
    return Part("store", [sys.executable, "-m", "sandbox", *options], {})


def free_port(wanted: int) -> int:
    """The wanted loopback port, or another when something uses it."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise OSError("no free port on 127.0.0.1")
