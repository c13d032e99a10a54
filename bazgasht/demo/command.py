"""`bazgasht demo`: everything on one machine, on data of its own that each demo begins anew."""

import os
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import Sequence
from threading import Thread

import click
from pydantic import SecretStr

from bazgasht import composition
from bazgasht.cli import cli
from bazgasht.demo.journey import Journey, run_together
from bazgasht.demo.report import report
from bazgasht.demo.screen import Screen
from bazgasht.demo.shop import DemoShop
from bazgasht.demo.shopify import ShopifyDemo
from bazgasht.demo.woocommerce import WooCommerceDemo
from bazgasht.logs import configure
from bazgasht.parts import parts
from bazgasht.settings import PROJECT, AppSettings, opened
from bazgasht.supervisor import Part, Supervisor
from connector.shopify.app_config import EXAMPLE_CLIENT_ID
from database import stores
from database.migrate import migrate
from jobs import context as job_context
from jobs.context import Context, active_store
from jobs.token_keeper import StoreTokenKeeper

HOUSEHOLDS = 400


PLATFORMS: dict[str, tuple[str, ...]] = {
    "woocommerce": ("woocommerce",),
    "shopify": ("shopify",),
    "both": ("woocommerce", "shopify"),
}
SHOP_DOMAIN = "bazgasht-demo.myshopify.com"


@cli.command()
@click.option("--once", is_flag=True, envvar="ONCE", help="End after the check: 0 if all is true.")
@click.option("--full", is_flag=True, envvar="FULL", help="All 2,469 households.")
@click.option(
    "--platform",
    type=click.Choice(list(PLATFORMS)),
    envvar="PLATFORM",
    default="woocommerce",
    help="Which pretend store, or both at once.",
)
@click.pass_obj
def demo(settings: AppSettings, once: bool, full: bool, platform: str) -> None:
    """Show the whole product on a pretend store with real purchases."""
    began = time.monotonic()
    settings = _demo_settings(settings)
    configure("WARNING", settings.log_format)
    screen = Screen()
    screen.line("Bazgasht: first-time buyers become second-time buyers, on a grocer's real year.\n")
    households = 0 if full else HOUSEHOLDS
    with composition.services(settings) as (running, where):
        migrate(str(where.owner_url), where.app_url)
        context = composition.make_context(settings, where)
        job_context.use(context)
        shops = [_shop(settings, context, name) for name in PLATFORMS[platform]]
        everything = [
            *(_store_part(settings, shop, households) for shop in shops),
            *parts(settings, where, composition.secret_keys(settings)),
        ]
        journeys = [Journey(context, shop, screen) for shop in shops]
        supervisor = Supervisor(everything, ensure=running.ensure)
        failed: list[bool] = []
        arguments = (journeys, once, began, failed)
        Thread(target=_drive, args=arguments, daemon=True).start()
        code = supervisor.run()
    sys.exit(1 if failed else code)


def _drive(journeys: Sequence[Journey], once: bool, began: float, failed: list[bool]) -> None:
    """Take the steps, report, and end the demo or leave it running."""
    screen = journeys[0].screen
    try:
        run_together(journeys)
        for journey in journeys:
            report(journey)
        screen.line(f"\n{time.monotonic() - began:.0f} seconds in all.")
        if not once:
            screen.line("The stores and the app stay up; Ctrl-C ends them.")
            return
    except Exception as error:  # noqa: BLE001 -- whatever it is, the demo must say so and end
        failed.append(True)
        screen.line(f"\nThe demo failed: {type(error).__name__}: {error}")
    os.kill(os.getpid(), signal.SIGTERM)


def _shop(settings: AppSettings, context: Context, name: str) -> DemoShop:
    if name == "woocommerce":
        return WooCommerceDemo(f"http://127.0.0.1:{free_port(8090)}")

    def token() -> str:
        store_id = stores.find(context.engine, name, f"https://{SHOP_DOMAIN}")
        if store_id is None:
            raise LookupError("the shop is not connected yet")
        credentials = active_store(context, store_id).credentials
        return StoreTokenKeeper(context.engine, context.vault, credentials).current().access_token

    return ShopifyDemo(settings.shopify_pretend_address, SHOP_DOMAIN, token)


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
            "shopify_client_id": EXAMPLE_CLIENT_ID,
            "shopify_client_secret": SecretStr(secrets.token_hex(16)),
            "shopify_pretend_address": f"http://127.0.0.1:{free_port(8091)}",
        }
    )


def _store_part(settings: AppSettings, shop: DemoShop, households: int) -> Part:
    port = shop.levers.url.rsplit(":", 1)[1]
    options = ["--port", port, "--households", str(households), "--history-share", "0.98"]
    environment = {}
    if shop.platform == "shopify":
        options += ["--platform", "shopify", "--shop", SHOP_DOMAIN, "--restore-rate", "1000"]
        options += ["--app-config", str(PROJECT / "storefront/shopify/shopify.app.toml")]
        options += ["--app-origin", settings.public_url]
        environment["SANDBOX_CLIENT_SECRET"] = opened(settings.shopify_client_secret) or ""
    return Part(f"{shop.platform} store", [sys.executable, "-m", "sandbox", *options], environment)


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
