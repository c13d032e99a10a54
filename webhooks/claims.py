"""The page on which the holder of an account proves the e-mail address.

Opening the link only shows the page, because mail programs open links by themselves; what counts
is the button.
"""

from uuid import UUID

from flask import Blueprint, Response, request

from jobs.claims import look, prove
from webhooks.current import context
from webhooks.pages import bound, page

blueprint = Blueprint("claims", __name__, template_folder="templates")
LONGEST_TOKEN = 100


blueprint.before_request(bound)


@blueprint.get("/claim/<uuid:store>")
def show(store: UUID) -> Response:
    """Ask whether the address is the reader's."""
    token = request.args.get("token", "")[:LONGEST_TOKEN]
    claim = look(context(), store, token)
    state = "ask" if claim else "old"
    return _page(state, claim=claim, token=token)


@blueprint.post("/claim/<uuid:store>")
def take(store: UUID) -> Response:
    """Take the proof."""
    token = request.form.get("token", "")[:LONGEST_TOKEN]
    return _page("done" if prove(context(), store, token) else "old")


def _page(state: str, **values: object) -> Response:
    content = page("claims/claim.html", state=state, **values)
    answer = Response(content, 410 if state == "old" else 200)
    answer.headers["Cache-Control"] = "no-store"
    return answer
