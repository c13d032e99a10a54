"""The lever below /sandbox/ that only the WooCommerce store has: REST keys."""

from flask import Response, jsonify

from sandbox.control import blueprint, body, choice
from sandbox.services import services

routes = blueprint("woocommerce_control")
ROLES = ("administrator", "shop_manager")
PERMISSIONS = ("read", "write", "read_write")


@routes.post("/keys")
def make_key() -> tuple[Response, int]:
    """Make a REST key, as a merchant does in wp-admin."""
    wanted = body()
    store = services().store
    owner = store.user_with_role(choice(wanted, "role", ROLES))
    permissions = str(wanted.get("permissions", "read_write"))
    if permissions not in PERMISSIONS:
        raise ValueError(f"permissions must be one of {', '.join(PERMISSIONS)}")
    key = store.new_key(
        user_id=owner.id,
        permissions=permissions,
        description=str(wanted.get("description", "")),
    )
    shown = ("consumer_key", "consumer_secret", "permissions", "description", "user_id")
    return jsonify({"key_id": key.id, **{name: getattr(key, name) for name in shown}}), 201
