"""What Shopify sends: deliveries for all shops at one address, and who opens the app's page.

Neither the topic nor the shop of a delivery is signed. A notice about personal data is taken for
every shop; anything else only for a shop that is installed.
"""

import structlog
from flask import Blueprint, Response, render_template, request

from connector.errors import BadPayload, BadSignature, ConnectorError, TemporaryError
from connector.manifest import load
from connector.meanings import PersonalData, StoreErased
from connector.shopify.app_config import HOME_PATH, WEBHOOK_PATH
from connector.shopify.events import COMPLIANCE_TOPICS, shop_of
from connector.shopify.reading import SIXTY_DAYS
from connector.shopify.session_token import verify_session_token
from connector.shopify.shop import shop_url
from database import progress, stores
from database.session import store_transaction
from jobs import privacy
from jobs.context import Context
from jobs.history import BACKFILL
from jobs.installation import connect
from webhooks.current import context, shopify
from webhooks.receive import answer, guarded, receiver, signed_headers, timed

log = structlog.get_logger()

LOADING = frozenset(BACKFILL.values())

blueprint = Blueprint("shopify", __name__, template_folder="templates")


@blueprint.post(WEBHOOK_PATH)
def deliver() -> Response:
    """Take one delivery: 200 once it is durable, 401, 404, 413, or 503 to be told again."""
    return timed(lambda: guarded(_take))


def _take(body: bytes) -> Response:
    adapter, headers = shopify(), signed_headers()
    if not adapter.verify(body, headers, adapter.app.secrets):
        return answer(401, "bad signature")
    event = adapter.name_event(body, headers)
    store_id = stores.find(context().engine, adapter.name, shop_url(shop_of(headers)))
    if event.topic in COMPLIANCE_TOPICS:
        try:
            wanted = adapter.interpret(event.topic, body, region="")
        except BadPayload as error:
            return answer(400, str(error))
        if store_id is not None and isinstance(wanted, PersonalData | StoreErased):
            privacy.accept(context(), store_id, wanted, event.key)
        return answer(200, "")
    held = receiver()
    if store_id is None or held.gate.door(store_id) is None:
        return answer(404, "no such shop")
    return held.keep(store_id, event, headers, body)


@blueprint.get(HOME_PATH)
def home() -> Response:
    """The app's page in the shop's admin; opened the first time, it connects the shop."""
    language = "fa" if request.args.get("locale", "").startswith("fa") else "en"
    try:
        token = verify_session_token(f"Bearer {request.args.get('id_token', '')}", shopify().app)
    except BadSignature as error:
        return answer(401, str(error))
    held, adapter = context(), shopify()
    try:
        if not _is_connected(held, token.shop):
            credentials = adapter.connected_by(token, development=held.development)
            connect(held, adapter.name, credentials)
    except ConnectorError as error:
        return answer(503 if isinstance(error, TemporaryError) else 400, str(error))
    page = Response(
        render_template(
            "install/home.html", language=language, manifest=load(), **_shown(held, token.shop)
        )
    )
    page.headers["Content-Security-Policy"] = (
        f"frame-ancestors https://{token.shop} https://admin.shopify.com; "
        "style-src 'unsafe-inline'; default-src 'self'"
    )
    return page


def _is_connected(context: Context, shop: str) -> bool:
    store_id = stores.find(context.engine, "shopify", shop_url(shop))
    if store_id is None:
        return False
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session)
        return row is not None and row.state == "active"


def _shown(context: Context, shop: str) -> dict[str, bool]:
    """What the app's page says of the shop: is its history loaded, are old orders hidden."""
    store_id = stores.find(context.engine, "shopify", shop_url(shop))
    if store_id is None:
        return {"loaded": False, "hides_old_orders": False}
    with store_transaction(context.engine, store_id) as session:
        row = stores.get(session)
        states = {one.state for one in progress.all_tasks(session) if one.task in LOADING}
        return {
            "loaded": states == {"done"},
            "hides_old_orders": row is not None and SIXTY_DAYS in row.warnings,
        }
