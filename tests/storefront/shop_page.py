"""Pages of a shop with one of our blocks in each, served on loopback and opened in Chromium."""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from werkzeug import Request, Response
from werkzeug.serving import make_server

from tests.conftest import Quiet
from tests.storefront.theme import EXTENSION

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--window-size=800,900",
)
# Gathers how far things moved, reports it with what is shown once all has come to rest, and
# goes on to the page that the server names.
MEASURE = """
let moved = 0, moves = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) { moved += entry.value; moves += 1; }
}).observe({ type: 'layout-shift', buffered: true });
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
addEventListener('load', async () => {
  const end = performance.now() + 8000;
  const waits = () => document.querySelector('[aria-busy]') ||
    [...document.images].some((image) => image.naturalWidth === 0);
  while (waits() && performance.now() < end) await wait(20);
  await wait(200);
  const atRest = [moved, moves];
  const shown = document.querySelector('.bazgasht-points, .bazgasht-cards');
  const height = shown.getBoundingClientRect().height;
  const redeem = document.querySelector('.bazgasht-points__redeem');
  const offers = redeem !== null && getComputedStyle(redeem).visibility === 'visible';
  const form = document.querySelector('.bazgasht-points__form');
  if (offers && !form.hidden) {
    form.closest('details').open = true;
    for (let again = 0; again < 2; again += 1) {
      form.requestSubmit();
      await wait(50);
      while (waits() && performance.now() < end) await wait(20);
    }
  }
  const read = (selector) => [...document.querySelectorAll(selector)].map(
    (element) => element.textContent.trim());
  const said = shown.querySelector('.bazgasht-points__balance') ?? shown;
  const direction = getComputedStyle(document.querySelector('.bazgasht__heading')).direction;
  const begin = (element) => {
    const box = element.getBoundingClientRect();
    return Math.round(direction === 'rtl' ? box.right : box.left);
  };
  const next = await fetch('/measured', { method: 'POST', body: JSON.stringify({
    moved: atRest[0], moves: atRest[1],
    text: said.textContent.trim(), html: said.innerHTML.trim(), height,
    facts: read('.bazgasht-points__facts > li').filter(Boolean),
    offers,
    message: read('.bazgasht-points__message, .bazgasht-points__message *'),
    codes: read('.bazgasht-points__codes > li'),
    uses: [...document.querySelectorAll('.bazgasht-points a')].map(
      (link) => link.getAttribute('href')),
    direction,
    indents: [...document.querySelectorAll('.bazgasht-card')].map(
      (card) => begin(card) - begin(card.querySelector('bdi'))),
    images: [...document.images].filter((image) => image.naturalWidth > 0).length,
  }) });
  const address = await next.text();
  if (address) location.assign(address);
});
"""
PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="400">'
    '<rect width="600" height="400" fill="teal"/></svg>'
)
SECONDS_TO_ANSWER = 0.2


def asset(name: str) -> str:
    """The text of one of the extension's assets."""
    return (EXTENSION / "assets" / name).read_text("utf-8")


@dataclass(frozen=True)
class Measured:
    """What the browser showed: `moved` is the sum of all layout shifts, `moves` their number.

    `images` were loaded; `indents` tells for each card how far its title is from where it begins.
    `facts`, `codes` and `uses`, the links, are what stands below the points; where there is a
    form, it is sent twice, and `message` is what is then said. `moved` is before that.
    """

    moved: float
    moves: int
    text: str
    html: str
    height: float
    direction: str
    images: int
    indents: list[int]
    facts: list[str]
    offers: bool
    message: list[str]
    codes: list[str]
    uses: list[str]


@dataclass
class ShopPage:
    """A page with a block; `answer` is the status and body with which the app answers it.

    `redeemed` are the answers to the form, the last of them to all that follow; `questions` are
    what was asked. With `ask` all that the page asks the app is asked of that instead.
    """

    block: str
    language: str = "en"
    answer: tuple[int, str] = (404, "")
    redeemed: list[tuple[int, str]] = field(default_factory=list)
    ask: Callable[[Request], Response] | None = None
    css: str = field(default_factory=lambda: asset("bazgasht.css"))
    questions: list[str] = field(default_factory=list)
    measured: Measured | None = None

    @property
    def html(self) -> str:
        """The page, with something below the block that would move if the block grew."""
        direction = "rtl" if self.language == "fa" else "ltr"
        return (
            f'<!doctype html><html lang="{self.language}" dir="{direction}"><head>'
            '<meta charset="utf-8"><meta name="viewport" content="width=device-width">'
            "<title>Shop</title><style>body { font: 16px sans-serif; margin: 1em }</style>"
            '<link rel="stylesheet" href="/assets/bazgasht.css">'
            '<script src="/assets/your-points.js" defer></script>'
            f"<script>{MEASURE}</script></head><body><h1>Shop</h1>{self.block}"
            "<footer><p>What stands below</p></footer></body></html>"
        )


class Shop:
    """A shop of some pages, which the browser opens one after the other."""

    def __init__(self, pages: Iterable[ShopPage]) -> None:
        self.pages = list(pages)
        self.open = self.pages[0]

    def __call__(self, environ: Any, start_response: Any) -> Any:
        response = self._respond(Request(environ))
        response.cache_control.no_store = True
        return response(environ, start_response)

    def _respond(self, request: Request) -> Response:
        answers: dict[str, Callable[[Request], Response]] = {
            "/assets/bazgasht.css": lambda _: Response(self.open.css, mimetype="text/css"),
            "/assets/your-points.js": lambda _: Response(
                asset("your-points.js"), mimetype="text/javascript"
            ),
            "/cdn/cup.svg": lambda _: self._late(Response(PICTURE, mimetype="image/svg+xml")),
            "/measured": self._measured,
            "/apps/bazgasht/points": self._points,
            "/apps/bazgasht/redeem": self._redeem,
        }
        if self.open.ask and request.path.startswith("/apps/"):
            return self.open.ask(request)
        if request.path in answers:
            return answers[request.path](request)
        number = request.path.removeprefix("/pages/")
        if not number.isdecimal():
            return Response("", 404)
        self.open = self.pages[int(number)]
        return Response(self.open.html, mimetype="text/html")

    def _late(self, response: Response) -> Response:
        time.sleep(SECONDS_TO_ANSWER)
        return response

    def _points(self, request: Request) -> Response:
        self.open.questions.append(request.method)
        status, body = self.open.answer
        return self._late(Response(body, status, mimetype="application/json"))

    def _redeem(self, request: Request) -> Response:
        asked = f"{request.method} {request.query_string.decode()} {request.mimetype}"
        self.open.questions.append(asked)
        answers = self.open.redeemed
        status, body = answers.pop(0) if len(answers) > 1 else answers[0]
        return self._late(Response(body, status, mimetype="application/json"))

    def _measured(self, request: Request) -> Response:
        self.open.measured = Measured(**request.get_json(force=True))
        following = self.pages.index(self.open) + 1
        return Response(f"/pages/{following}" if following < len(self.pages) else "")

    def visit(self, profile: Path) -> None:
        """Open every page in Chromium, whose fresh directory is `profile`, and measure it."""
        if CHROMIUM is None:
            pytest.skip("NO CHROMIUM HERE: the storefront's script and its layout are unproven")
        server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=Quiet)
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/pages/0"
        command = [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", url]
        silent = subprocess.DEVNULL
        with subprocess.Popen(command, stdout=silent, stderr=silent) as chromium:
            end = time.monotonic() + 90
            while self.pages[-1].measured is None and time.monotonic() < end:
                if chromium.poll() is not None:
                    break
                time.sleep(0.05)
            chromium.terminate()
            chromium.wait(10)
        server.shutdown()
        server.server_close()
