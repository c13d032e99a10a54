"""A store connects: the store's own page grants a key, which comes back to us with our state."""

import structlog
from flask import Blueprint, Response, redirect, request
from werkzeug.wrappers import Response as BaseResponse

from connector.errors import BadPayload, ConnectorError, ForbiddenAddress, TemporaryError
from connector.manifest import load
from connector.platform import Credentials
from connector.woocommerce.install import authorize_url, normalise_store_url, read_callback
from database import installs
from database.session import transaction
from jobs.installation import connect
from webhooks.current import context
from webhooks.pages import bound, page

log = structlog.get_logger()

blueprint = Blueprint("install", __name__, template_folder="templates")
PLATFORM = "woocommerce"


blueprint.before_request(bound)


@blueprint.get("/install/woocommerce")
def begin() -> BaseResponse | str:
    """Send the merchant to the page of the store that grants a key (`?store=` its address)."""
    held = context()
    try:
        url = normalise_store_url(request.args.get("store", ""), development=held.development)
        with transaction(held.engine) as session:
            state = installs.begin(session, PLATFORM, url)
        if held.development and not held.public_url.startswith("https://"):
            return page("install/development.html", store_url=url, state=state)
        address = authorize_url(
            url,
            state=state,
            return_url=f"{held.public_url}/install/woocommerce/done",
            callback_url=f"{held.public_url}/install/woocommerce/callback",
            app_name=load().name.en,
            scope=load().platforms[PLATFORM].scope,
        )
    except ForbiddenAddress as error:
        return Response(page("install/problem.html", problem=str(error)), 400)
    return redirect(address)


@blueprint.post("/install/woocommerce/callback")
def callback() -> Response:
    """Take the key that the store made. The store waits, and takes only 200 for a yes."""
    try:
        granted = read_callback(request.get_data())
    except BadPayload as error:
        return Response(str(error), 400, mimetype="text/plain")
    if not granted.may_write:
        return Response("the key must have the permission read_write", 400, mimetype="text/plain")
    return _connect(granted.state, granted.key, granted.secret)


@blueprint.post("/install/woocommerce/development")
def development() -> Response:
    """Stand in for the store's page where the store has no https: the keys come from a form."""
    if not context().development:
        return Response("not found", 404, mimetype="text/plain")
    form = request.form
    answer = _connect(form.get("state", ""), form.get("key", ""), form.get("secret", ""))
    if answer.status_code != 200:
        return Response(page("install/problem.html", problem=answer.get_data(as_text=True)), 400)
    return Response(page("install/done.html", success=True))


@blueprint.get("/install/woocommerce/done")
def done() -> str:
    """Where the store sends the merchant afterwards."""
    return page("install/done.html", success=request.args.get("success") == "1")


def _connect(state: str, key: str, secret: str) -> Response:
    """Claim the one-time state and connect the store that it was made for."""
    held = context()
    with transaction(held.engine) as session:
        url = installs.claim(session, PLATFORM, state)
    if url is None:
        log.warning("installation with an unknown, used or expired state")
        return Response("this installation is unknown, used or too old", 403, mimetype="text/plain")
    try:
        connect(held, PLATFORM, Credentials(url, key, secret))
    except ConnectorError as error:
        status = 503 if isinstance(error, TemporaryError) else 400
        return Response(f"the store's answer: {error}", status, mimetype="text/plain")
    return Response("", 200)
