"""What the pages of a Shopify shop ask for their shoppers; Shopify passes it on and signs it."""

from collections.abc import Callable
from uuid import UUID

from flask import Blueprint, Response, request

from connector.errors import BadSignature
from connector.shopify.app_config import PROXY_PATH
from connector.shopify.app_proxy import ProxyCall, verify_app_proxy
from connector.shopify.shop import shop_url
from database import stores
from retention.figures.text import Language
from webhooks.current import context, shopify
from webhooks.receive import answer
from webhooks.shopper import points_answer, problem, redeem_answer, signed_out
from webhooks.shopper_texts import language_of

blueprint = Blueprint("app_proxy", __name__, url_prefix=PROXY_PATH)


@blueprint.get("/points")
def points() -> Response:
    """The signed-in shopper's points, what can be redeemed, and what may still be used."""

    def told(store_id: UUID, call: ProxyCall, said: Language) -> Response:
        if call.account_id is None:
            return signed_out()
        return points_answer(context(), store_id, call.account_id, said)

    return _verified(told)


@blueprint.post("/redeem")
def redeem() -> Response:
    """A reward for the signed-in shopper's points; the same key again gives the same one.

    Only a script of the shop's own pages can send JSON there: no form of another site can.
    """

    def told(store_id: UUID, call: ProxyCall, said: Language) -> Response:
        if call.account_id is None:
            return problem(401, "signed_out", said)
        if request.mimetype != "application/json" or not call.points or not call.key:
            return problem(400, "bad_request", said)
        return redeem_answer(
            context(), store_id, call.account_id, said, points=call.points, key=call.key
        )

    return _verified(told)


def _verified(told: Callable[[UUID, ProxyCall, Language], Response]) -> Response:
    """What `told` gives to a genuine call: 401 or 404 to any other."""
    adapter = shopify()
    try:
        call = verify_app_proxy(request.url, adapter.app)
    except BadSignature as error:
        return answer(401, str(error))
    store_id = stores.find(context().engine, adapter.name, shop_url(call.shop))
    if store_id is None:
        return answer(404, "no such shop")
    return told(store_id, call, language_of(call.locale))
