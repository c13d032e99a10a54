"""The page on which the holder of an account proves the e-mail address.

Opening the link only shows the page, because mail programs open links by themselves; what counts
is the button.
"""

from uuid import UUID

from flask import Blueprint, Response, current_app, render_template, request

from connector.manifest import load
from jobs.claims import look, prove
from jobs.context import Context

blueprint = Blueprint("claims", __name__, template_folder="templates")
LARGEST_BODY = 4 * 1024
LONGEST_TOKEN = 100


def _context() -> Context:
    context: Context = current_app.extensions["bazgasht_context"]
    return context


@blueprint.before_request
def bound() -> None:
    """Read no more of a body than a token can need: anybody may call here."""
    request.max_content_length = LARGEST_BODY


@blueprint.get("/claim/<uuid:store>")
def show(store: UUID) -> Response:
    """Ask whether the address is the reader's."""
    token = request.args.get("token", "")[:LONGEST_TOKEN]
    claim = look(_context(), store, token)
    state = "ask" if claim else "old"
    return _page(state, claim=claim, token=token)


@blueprint.post("/claim/<uuid:store>")
def take(store: UUID) -> Response:
    """Take the proof."""
    token = request.form.get("token", "")[:LONGEST_TOKEN]
    return _page("done" if prove(_context(), store, token) else "old")


def _page(state: str, **values: object) -> Response:
    asked = request.args.get("lang")
    language = asked if asked in ("en", "fa") else None
    language = language or request.accept_languages.best_match(["en", "fa"], "en")
    content = render_template(
        "claims/claim.html", language=language, manifest=load(), state=state, **values
    )
    answer = Response(content, 410 if state == "old" else 200)
    answer.headers["Cache-Control"] = "no-store"
    return answer
