"""Whether the app lives, whether it is ready, and how its inbox is doing."""

import hmac

from flask import Blueprint, Response, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from redis import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from database.session import transaction
from webhooks.current import context
from webhooks.measures import InboxCollector, counted

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> Response:
    """200 as long as the process serves."""
    return Response("ok\n", mimetype="text/plain")


@blueprint.get("/readyz")
def readyz() -> Response:
    """200 when the database and the queue answer, else 503 with what does not."""
    held = context()
    problems = []
    try:
        with transaction(held.engine) as session:
            session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        problems.append("database")
    try:
        held.redis.ping()
    except RedisError:
        problems.append("queue")
    if problems:
        return Response(f"no answer: {', '.join(problems)}\n", 503, mimetype="text/plain")
    return Response("ready\n", mimetype="text/plain")


@blueprint.get("/metrics")
def metrics() -> Response:
    """Prometheus metrics; with METRICS_TOKEN set, only for its bearer."""
    token = current_app.config["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if token and not hmac.compare_digest(given.encode(), token.encode()):
        return Response("unauthorised\n", 401, mimetype="text/plain")
    inbox = CollectorRegistry()
    inbox.register(InboxCollector(context().engine))
    return Response(
        generate_latest(counted()) + generate_latest(inbox), content_type=CONTENT_TYPE_LATEST
    )
