"""What a running pretend Shopify shop is asked, and things that happen at a certain call."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BytesIO
from threading import Lock
from typing import Any

from sandbox.shopify import oauth
from sandbox.shopify.server import RunningShop

RENEWAL = "renewal"
FILE = "file"
_OPERATION = re.compile(r"\s*(?:query|mutation)\s+(\w+)")


@dataclass
class ShopCalls:
    """The calls to the shop by their names: of a GraphQL operation, RENEWAL or FILE.

    `statuses` are the answers' HTTP statuses, call by call. `after` is run with the name once a
    call is carried out and before it is answered.
    """

    names: list[str] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)
    after: Callable[[str], None] = lambda _name: None
    _lock: Lock = field(default_factory=Lock)

    def watch(self, shop: RunningShop) -> "ShopCalls":
        """Note every call from now on."""
        inner = shop.server.application

        def noting(environ: Any, start_response: Any) -> Any:
            content = environ["wsgi.input"].read()
            environ["wsgi.input"] = BytesIO(content)
            name = _name(environ["PATH_INFO"], content)
            if name is None:
                return inner(environ, start_response)

            def note(status: str, *arguments: Any) -> Any:
                with self._lock:
                    self.names.append(name)
                    self.statuses.append(int(status.split(maxsplit=1)[0]))
                return start_response(status, *arguments)

            body = inner(environ, note)
            self.after(name)
            return body

        shop.server.application = noting
        return self

    def count(self, name: str) -> int:
        """How often it was asked for."""
        return self.names.count(name)


def _name(path: str, content: bytes) -> str | None:
    if path == oauth.PATH:
        return RENEWAL
    if path.startswith("/bulk-results/"):
        return FILE
    if not path.startswith("/admin/api/"):
        return None
    found = _OPERATION.match(json.loads(content)["query"])
    return found.group(1) if found else ""
