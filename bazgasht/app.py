"""The Flask app: webhooks, installation and health."""

from flask import Flask

from bazgasht.composition import addresses, make_context
from bazgasht.logs import configure
from bazgasht.memory import spare_what_is_loaded
from bazgasht.settings import AppSettings, opened
from connector.registry import platform
from jobs import context as job_context
from jobs.context import Context
from webhooks import app_proxy, claims, health, install, receive, shopify, storefront
from webhooks.request_limits import RequestLimits


def create_app(context: Context, *, metrics_token: str | None = None) -> Flask:
    """The app on given connections."""
    app = Flask(__name__)
    app.config["METRICS_TOKEN"] = metrics_token
    app.extensions["bazgasht_context"] = context
    app.extensions["bazgasht_receiver"] = receive.Receiver(context)
    app.register_blueprint(receive.blueprint)
    app.extensions["bazgasht_shopify"] = platform("shopify")
    app.register_blueprint(install.blueprint)
    app.register_blueprint(claims.blueprint)
    app.register_blueprint(shopify.blueprint)
    app.extensions["bazgasht_limits"] = RequestLimits(context.redis)
    app.register_blueprint(storefront.blueprint)
    app.register_blueprint(app_proxy.blueprint)
    app.register_blueprint(health.blueprint)
    app.after_request(_harden)
    return app


def _harden(response: object) -> object:
    headers = getattr(response, "headers", {})
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "no-referrer")
    headers.setdefault("Content-Security-Policy", "default-src 'self'; style-src 'unsafe-inline'")
    return response


def from_environment() -> Flask:
    """The app as the web server makes it in its worker process."""
    settings = AppSettings()
    configure(settings.log_level, settings.log_format)
    context = make_context(settings, addresses(settings), pool_size=10)
    job_context.use(context)
    app = create_app(context, metrics_token=opened(settings.metrics_token))
    spare_what_is_loaded()
    return app
