"""Run the pretend store from the command line: python -m sandbox --help."""

import argparse
import gc
import signal
import ssl
import sys
from threading import Event

from sandbox import journey
from sandbox.server import RunningStore


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m sandbox",
        description="A pretend WooCommerce store with the data of The Complete Journey.",
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--url", help="the address by which others reach the store")
    parser.add_argument("--households", type=int, default=400, help="0 for all (default: 400)")
    parser.add_argument("--history-share", type=float, default=0.97)
    parser.add_argument("--tls-cert", help="serve https with this certificate chain (PEM)")
    parser.add_argument("--tls-key", help="the certificate's private key (PEM)")
    return parser.parse_args()


def _tls(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    if certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def main() -> None:
    """Load the data, then serve until interrupted or terminated."""
    options = _arguments()
    store = journey.load(options.households or None, options.history_share)
    # What is loaded stays; searching it for garbage would only make answers wait.
    gc.freeze()
    running = RunningStore(
        store,
        address=(options.host, options.port),
        url=options.url,
        tls=_tls(options.tls_cert, options.tls_key),
    )
    with running:
        sys.stdout.write(
            f"{running.url} serves {len(store.products):,} products and "
            f"{len(store.orders):,} orders; {len(store.upcoming):,} orders are to come.\n"
        )
        sys.stdout.flush()
        closing = Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda _number, _frame: closing.set())
        closing.wait()
    sys.stdout.write("The store is closed.\n")


if __name__ == "__main__":
    main()
