"""What a store's own server asks for its shoppers: points, rewards, and their personal data.

The plugin in the store signs each call (see `connector.woocommerce.storefront`), and vouches for
whose account it is.
"""

import time
from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

import structlog
from flask import Blueprint, Response, request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from connector.errors import BadPayload, BadSignature
from connector.woocommerce.storefront import StorefrontCall, WrongTime, verify_storefront
from database.privacy import RequestKind, Subject
from database.vault import VaultError
from jobs import privacy, queue
from retention.figures.text import Language
from retention.ledger.changes import MOST_POINTS
from webhooks.current import context
from webhooks.receive import receiver
from webhooks.shopper import limited, points_answer, private, problem, redeem_answer
from webhooks.shopper_texts import language_of

log = structlog.get_logger()

blueprint = Blueprint("storefront", __name__, url_prefix="/storefront/<uuid:store_id>")

PLATFORM = "woocommerce"
LARGEST_BODY = 16 * 1024

Body = TypeVar("Body", bound="_Body")


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class RedeemBody(_Body):
    """How many points are to be redeemed."""

    points: int = Field(ge=1, le=MOST_POINTS)


class PersonBody(_Body):
    """Whose personal data a request is about, beside the account that the call names, if any."""

    email: str = Field(min_length=3, max_length=320)


@blueprint.get("/points")
def points(store_id: UUID) -> Response:
    """An account's points, what can be redeemed, and what was redeemed and may still be used."""
    return _verified(
        store_id, lambda call, said: points_answer(context(), store_id, call.account_id, said)
    )


@blueprint.post("/redeem")
def redeem(store_id: UUID) -> Response:
    """A reward for an account's points; the same `X-Bazgasht-Key` again gives the same one."""

    def answer(call: StorefrontCall, said: Language) -> Response:
        body = _read(RedeemBody, call.body)
        if body is None or not call.account_id:
            return problem(400, "bad_request" if call.account_id else "signed_out", said)
        return redeem_answer(
            context(), store_id, call.account_id, said, points=body.points, key=call.key
        )

    return _verified(store_id, answer)


@blueprint.post("/personal-data/export")
def export(store_id: UUID) -> Response:
    """Everything about a person, for the store's own export of personal data."""
    return _verified(store_id, lambda call, said: _personal_data(store_id, call, said, _exported))


@blueprint.post("/personal-data/erase")
def erase(store_id: UUID) -> Response:
    """Keep the request to erase a person: 202, it is done within minutes."""
    return _verified(store_id, lambda call, said: _personal_data(store_id, call, said, _to_erase))


def _exported(store_id: UUID, person: Subject) -> Response:
    key = _ask(store_id, "export", person)
    return private(privacy.export(context(), store_id, key))


def _to_erase(store_id: UUID, person: Subject) -> Response:
    key = _ask(store_id, "erase", person)
    # The store waits for this answer, and erasing writes to the store.
    queue.enqueue(context().redis, queue.PRIVACY, store_id)
    return private({"request": key}, 202)


def _ask(store_id: UUID, kind: RequestKind, person: Subject) -> str:
    return privacy.ask(context(), store_id, kind, person)


def _personal_data(
    store_id: UUID,
    call: StorefrontCall,
    said: Language,
    answer: Callable[[UUID, Subject], Response],
) -> Response:
    body = _read(PersonBody, call.body)
    if body is None:
        return problem(400, "bad_person", said)
    try:
        person = privacy.subject(
            context(), store_id, account=call.account_id, email=body.email, phone=None
        )
    except BadPayload:
        return problem(400, "bad_person", said)
    whose = person.identities[0]
    return limited("personal_data", store_id, whose, said, lambda: answer(store_id, person))


def _verified(store_id: UUID, answer: Callable[[StorefrontCall, Language], Response]) -> Response:
    """What `answer` gives to a call that the store has signed: 401, 404 or 413 to any other."""
    said = language_of(request.headers.get("Accept-Language", ""))
    try:
        call = _call()
        refused = _refused(store_id, call)
        return answer(call, said) if refused is None else _refusal(store_id, refused, said)
    except RequestEntityTooLarge:
        return problem(413, "too_large", said)
    except (SQLAlchemyError, VaultError) as error:
        log.warning("storefront not answered", store=str(store_id), error=type(error).__name__)
        return problem(503, "away", said)


def _refused(store_id: UUID, call: StorefrontCall) -> BadSignature | LookupError | None:
    """Why the call is not to be answered, None for one that the store has signed just now."""
    gate = receiver().gate
    refused: BadSignature | None = None
    for fresh in (False, True):
        door = gate.door(store_id, fresh=fresh)
        if door is None or door.platform != PLATFORM:
            return LookupError("no such store")
        try:
            verify_storefront(call, door.secrets, time.time())
        except BadSignature as error:
            refused = error
        else:
            return None
    return refused


def _refusal(store_id: UUID, refused: BadSignature | LookupError, said: Language) -> Response:
    log.warning("storefront call refused", store=str(store_id), reason=str(refused))
    if isinstance(refused, LookupError):
        return problem(404, "no_store", said)
    return problem(401, "clock" if isinstance(refused, WrongTime) else "not_signed", said)


def _call() -> StorefrontCall:
    request.max_content_length = LARGEST_BODY
    headers = request.headers
    return StorefrontCall(
        method=request.method,
        path=request.path,
        timestamp=headers.get("X-Bazgasht-Timestamp", ""),
        key=headers.get("X-Bazgasht-Key", ""),
        account_id=headers.get("X-Bazgasht-Account", ""),
        body=request.get_data(cache=False),
        signature=headers.get("X-Bazgasht-Signature", ""),
    )


def _read(form: type[Body], body: bytes) -> Body | None:
    try:
        return form.model_validate_json(body)
    except ValidationError:
        return None
