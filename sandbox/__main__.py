"""Run a pretend store from the command line: python -m sandbox --help."""

import argparse
import gc
import os
import ssl
import sys
from pathlib import Path

from sandbox import journey
from sandbox.running import Running
from sandbox.server import RunningStore
from sandbox.shopify.api.cost import RateLimit
from sandbox.shopify.app_config import AppConfig, from_toml
from sandbox.shopify.server import RunningShop, ShopOptions
from sandbox.shopify.shop import ShopProfile
from sandbox.store import Store

SECRET_VARIABLE = "SANDBOX_CLIENT_SECRET"  # noqa: S105


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A pretend store with the data of The Complete Journey.",
    )
    parser.add_argument("--platform", choices=("woocommerce", "shopify"), default="woocommerce")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--url", help="the address by which others reach the store")
    parser.add_argument("--households", type=int, default=400, help="0 for all (default: 400)")
    parser.add_argument("--history-share", type=float, default=0.97)
    parser.add_argument("--tls-cert", help="serve https with this certificate chain (PEM)")
    parser.add_argument("--tls-key", help="the certificate's private key (PEM)")
    shopify = parser.add_argument_group(
        "Shopify only", f"the app's client secret is read from the environment: {SECRET_VARIABLE}"
    )
    shopify.add_argument("--shop", default=ShopProfile().domain, help="name.myshopify.com")
    shopify.add_argument("--app-config", type=Path, help="the app's shopify.app.toml")
    shopify.add_argument("--app-origin", help="where the app really is: http://127.0.0.1:8000")
    shopify.add_argument(
        "--restore-rate", type=float, default=100, help="points a second: 1000 on the Plus plan"
    )
    shopify.add_argument("--client-id", help="stands in for the client_id of the app-config")
    return parser.parse_args()


def _tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _app(options: argparse.Namespace) -> AppConfig:
    if options.app_config is None:
        return AppConfig()
    secret = os.environ.get(SECRET_VARIABLE) or AppConfig().client_secret
    return from_toml(
        options.app_config, secret, client_id=options.client_id, origin=options.app_origin
    )


def _running(store: Store, options: argparse.Namespace) -> Running:
    address = (options.host, options.port)
    tls = _tls(options.tls_cert, options.tls_key)
    if options.platform == "woocommerce":
        return RunningStore(store, address=address, url=options.url, tls=tls)
    shaped = ShopOptions(
        app=_app(options),
        profile=ShopProfile(domain=options.shop),
        rate_limit=RateLimit(maximum=20 * options.restore_rate, restore_rate=options.restore_rate),
    )
    return RunningShop(store, shaped, address=address, url=options.url, tls=tls)


def main() -> None:
    """Load the data, then serve until interrupted."""
    options = _arguments()
    store = journey.load(options.households or None, options.history_share)
    # What is loaded stays; searching it for garbage would only make answers wait.
    gc.freeze()
    with _running(store, options) as running:
        sys.stdout.write(
            f"{running.url} serves {len(store.products):,} products and "
            f"{len(store.orders):,} orders; {len(store.upcoming):,} orders are to come.\n"
        )
        sys.stdout.flush()
        try:
            running.wait()
        except KeyboardInterrupt:
            sys.stdout.write("The store is closed.\n")


if __name__ == "__main__":
    main()
