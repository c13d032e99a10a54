"""Answers to shoppers, in JSON: their points, and points redeemed. Whoever asks was verified."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import structlog
from flask import Response, current_app, jsonify
from sqlalchemy.exc import SQLAlchemyError

from connector.errors import ConnectorError
from database.vault import VaultError
from jobs.context import Context, NotActive
from jobs.redemptions import redeem
from jobs.shopper import ShopperPoints, shopper_points
from retention.figures.text import Language
from retention.money import minor_digits
from retention.redemption import CannotRedeem, Redemption
from webhooks.request_limits import CannotCount, Kind, RequestLimits
from webhooks.shopper_texts import Problem, told

log = structlog.get_logger()

AWAY_SECONDS = 60
"""How long a shopper is asked to wait while something of ours or of the store's is away."""


def points_answer(
    context: Context, store_id: UUID, account_id: str, language: Language
) -> Response:
    """The account's points, what can be redeemed, and what was redeemed and may still be used."""

    def answer() -> Response:
        found = shopper_points(context, store_id, account_id)
        return private({"signed_in": True, **(_points(found) if found else _NO_POINTS)})

    return limited("read", store_id, account_id, language, answer)


def signed_out() -> Response:
    """The answer to a visitor who has no account, or has not signed in."""
    return private({"signed_in": False, **_NO_POINTS})


def redeem_answer(
    context: Context, store_id: UUID, account_id: str, language: Language, *, points: int, key: str
) -> Response:
    """A reward for the points; 200 once it can be used, 202 while the store has yet to make it.

    The same key of the same account again gives the same reward.
    """

    def answer() -> Response:
        try:
            made = redeem(
                context,
                store_id,
                account_id=account_id,
                points=points,
                key=f"storefront:{account_id}:{key}",
            )
        except CannotRedeem as error:
            return problem(422, error.problem, language, error.amount)
        if made.state == "released":
            return problem(422, "released", language)
        message = told("reserved", language) if made.state == "reserved" else None
        status = 202 if made.state == "reserved" else 200
        return private({"redemption": _redemption(made), "message": message}, status)

    return limited("redeem", store_id, account_id, language, answer)


def limited(
    kind: Kind,
    store_id: UUID,
    account_id: str,
    language: Language,
    answer: Callable[[], Response],
) -> Response:
    """What `answer` gives, unless it was asked for too often, or something of ours is away."""
    limits: RequestLimits = current_app.extensions["bazgasht_limits"]
    try:
        wait = limits.wait(kind, store_id, account_id)
        return problem(429, "too_many", language, wait) if wait else answer()
    except NotActive:
        return problem(503, "paused", language)
    except CannotCount:
        return problem(503, "away", language)
    except (ConnectorError, SQLAlchemyError, VaultError) as error:
        log.warning("shopper not answered", store=str(store_id), error=type(error).__name__)
        return problem(503, "away", language)


def problem(status: int, name: Problem, language: Language, amount: int = 0) -> Response:
    """What cannot be done and what to do about it; 429 and 503 say when to come again."""
    response = private({"error": {"problem": name, "message": told(name, language, amount)}})
    response.status_code = status
    if status in (429, 503):
        response.headers["Retry-After"] = str(amount or AWAY_SECONDS)
    return response


def private(content: dict[str, Any], status: int = 200) -> Response:
    """JSON that nobody on the way may keep."""
    response = jsonify(content)
    response.status_code = status
    response.headers["Cache-Control"] = "private, no-store"
    return response


_NO_POINTS: dict[str, Any] = {
    "points": None,
    "pending": None,
    "next_expiry": None,
    "value": None,
    "tier": None,
    "redeem": None,
    "open": [],
}


def _points(found: ShopperPoints) -> dict[str, Any]:
    rule, value = found.rule, found.value
    tier = {"name": found.tier, "second_name": found.tier_second_name} if found.tier else None
    expiry = (
        {"on": found.next_expiry.isoformat(), "points": found.expiring}
        if found.next_expiry
        else None
    )
    return {
        "points": found.available,
        "pending": found.pending,
        "next_expiry": expiry,
        "value": None if value is None else _money(value, rule.currency),
        "tier": tier,
        "redeem": None
        if value is None
        else {
            "least": -(-rule.least // rule.step) * rule.step,
            "step": rule.step,
            "most": found.most,
            "point_value": f"{rule.point_value.normalize():f}",
            "currency": rule.currency,
        },
        "open": [_redemption(one) for one in found.redemptions],
    }


def _redemption(made: Redemption) -> dict[str, Any]:
    """A redemption as its shopper sees it. The code is shown once the store knows it."""
    is_code = made.kind == "code" and made.state != "reserved"
    return {
        "reference": made.reference,
        "points": made.points,
        "worth": _money(made.worth, made.currency),
        "minimum": None if made.minimum is None else _money(made.minimum, made.currency),
        "kind": made.kind,
        "state": made.state,
        "code": made.code if is_code else None,
        "expires_at": made.expires_at.isoformat(),
    }


def _money(amount: Any, currency: str) -> dict[str, str]:
    return {"amount": f"{amount:.{minor_digits(currency)}f}", "currency": currency}
