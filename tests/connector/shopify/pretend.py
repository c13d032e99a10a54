"""A loopback shop that replays answers to GraphQL documents, by the operation's name."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from connector.http import GuardedSession, Limits
from connector.shopify.bulk import BulkFiles, Patience
from connector.shopify.cost import LocalBucket
from connector.shopify.graphql import Client
from connector.shopify.platform import ShopifyStore
from connector.shopify.shop import AppKeys
from connector.shopify.tokens import MemoryKeeper, ShopTokens, Tokens
from tests.connector.recordings import Call, Recorded, Replay, answer

FOLDER = Path(__file__).parents[2] / "recordings" / "shopify"
APP = AppKeys("client-1", "the newest secret of thirty-two+", "the previous secret, as long as it")
QUICK = Limits(back_off_seconds=0.002, longest_back_off=0.01, total_seconds=10, longest_wait=1)
GRAPHQL = "/admin/api/2026-10/graphql.json"
OAUTH = "/admin/oauth/access_token"
_OPERATION = re.compile(r"\s*(?:query|mutation)\s+(\w+)")


class PretendShop(Replay):
    """Answers by the operation's name, other paths by method and path; the last one again."""

    def next(self, call: Call) -> Recorded:
        self.calls.append(call)
        some = self.answers[self.name_of(call)]
        return some.pop(0) if len(some) > 1 else some[0]

    def name_of(self, call: Call) -> str:
        if call.path != GRAPHQL:
            return f"{call.method} {call.path}"
        found = _OPERATION.match(call.content["query"])
        assert found
        return found.group(1)

    def variables(self, operation: str) -> list[dict[str, Any]]:
        """The variables of each call of this operation."""
        calls = [call for call in self.calls if self.name_of(call) == operation]
        return [call.content["variables"] for call in calls]


def data(value: dict[str, Any], **extra: Any) -> Recorded:
    """An answer with this data."""
    return answer({"data": value, **extra})


def problem(code: str, *path: str | int, **extra: Any) -> dict[str, Any]:
    """An error of an answer."""
    return {"message": "as told", "path": list(path), "extensions": {"code": code, **extra}}


def cost(requested: float, spent: float, available: float) -> dict[str, Any]:
    """The extensions that tell what a call cost, in a bucket of 1,000 filled by 50 a second."""
    status = {"maximumAvailable": 1000.0, "currentlyAvailable": available, "restoreRate": 50.0}
    return {
        "cost": {
            "requestedQueryCost": requested,
            "actualQueryCost": spent,
            "throttleStatus": status,
        }
    }


def grant(number: int) -> Recorded:
    """The token endpoint's answer with the tokens of this number."""
    return answer(
        {
            "access_token": f"access-{number}",
            "expires_in": 3600,
            "refresh_token": f"refresh-{number}",
            "refresh_token_expires_in": 7776000,
            "scope": "read_orders,write_products",
        }
    )


def tokens(number: int, *, minutes: float = 60) -> Tokens:
    """The tokens of this number, which run out in so many minutes."""
    now = datetime.now(UTC)
    return Tokens(
        access_token=f"access-{number}",
        expires_at=now + timedelta(minutes=minutes),
        refresh_token=f"refresh-{number}",
        refresh_expires_at=now + timedelta(days=90),
        scopes=("read_orders", "write_products"),
    )


def client_of(
    shop: Replay, session: GuardedSession, keeper: MemoryKeeper, bucket: LocalBucket | None = None
) -> Client:
    """A client of the pretend shop."""
    return Client(
        shop.url, ShopTokens(APP, shop.url, keeper, session), session, bucket or LocalBucket()
    )


def store_of(
    shop: Replay, session: GuardedSession, patience: Patience | None = None
) -> ShopifyStore:
    """A connection to the pretend shop, in Canada."""
    store = ShopifyStore(client_of(shop, session, MemoryKeeper(tokens(1))), session, "CA")
    if patience is not None:
        store._files = BulkFiles(store._client, session, patience)
    return store


def body(name: str) -> bytes:
    """The recorded body of a webhook."""
    return (FOLDER / f"{name}.json").read_bytes()


def content(name: str) -> Any:
    """The same as Python values."""
    return json.loads(body(name))
