"""The life of an account."""

from collections.abc import Iterable
from typing import Any

from sandbox import clock
from sandbox.errors import RestError
from sandbox.operations.meta import LONGEST_KEY, as_stored, merged
from sandbox.records import BILLING_FIELDS, SHIPPING_FIELDS, Customer, Meta
from sandbox.store import Store

# Keys that WordPress and WooCommerce keep for themselves: writing one is ignored.
INTERNAL_KEYS = {
    "admin_color",
    "comment_shortcuts",
    "default_password_nag",
    "description",
    "dismissed_wp_pointers",
    "display_name",
    "last_update",
    "locale",
    "nickname",
    "paying_customer",
    "primary_blog",
    "rich_editing",
    "session_tokens",
    "show_admin_bar_front",
    "show_welcome_panel",
    "source_domain",
    "syntax_highlighting",
    "use_ssl",
}


def create(store: Store, customer: Customer) -> None:
    """Open an account: customer.created and customer.updated.

    Raises RestError when the e-mail address is malformed or taken.
    """
    check_email(store, customer.email, None)
    customer.username = _free_username(store, customer.username)
    customer.modified = customer.created
    store.add_customer(customer)
    store.fire("customer.created", customer.id)
    store.fire("customer.updated", customer.id)


def check_email(store: Store, email: str, own_id: int | None) -> None:
    """Refuse an address that is malformed or belongs to another account."""
    name, at, host = email.partition("@")
    if not (name and at and "." in host) or " " in email:
        raise RestError("customer_invalid_email", "Invalid email address", 400)
    holder = store.customer_ids_by_email.get(email.lower())
    if holder is not None and holder != own_id:
        raise RestError(
            "registration-error-email-exists",
            f"An account is already registered with {email}. "
            "Please log in or use a different email address.",
            400,
        )


def _free_username(store: Store, wanted: str) -> str:
    taken = {customer.username for customer in store.customers.values()}
    username, number = wanted, 2
    while username in taken:
        username, number = f"{wanted}-{number}", number + 1
    return username


def move_email(store: Store, customer: Customer, email: str) -> None:
    """Give an account another address."""
    check_email(store, email, customer.id)
    store.customer_ids_by_email.pop(customer.email.lower(), None)
    customer.email = email
    store.add_customer(customer)


def changed(store: Store, customer: Customer) -> None:
    """Note that an account was written: customer.updated."""
    customer.modified = clock.now()
    store.fire("customer.updated", customer.id)


def delete(store: Store, customer: Customer) -> None:
    """Close an account; its orders become guest orders."""
    del store.customers[customer.id]
    store.customer_ids_by_email.pop(customer.email.lower(), None)
    for order in store.orders.values():
        if order.customer_id == customer.id:
            order.customer_id = 0
    store.orders_version += 1
    store.fire("customer.deleted", customer.id)


def write_meta(store: Store, customer: Customer, changes: Iterable[dict[str, Any]]) -> None:
    """Write meta data with the rules that an account has.

    Keys that start with `_` are dropped, keys that start with `wp_` become one more row
    that is never shown, and keys of the account's own fields set those fields.
    """
    plain = []
    for change in changes:
        key = str(change.get("key", ""))
        if key.startswith("_") or key in INTERNAL_KEYS or len(key) > LONGEST_KEY:
            continue
        if key.startswith("wp_"):
            row: Meta = store.new_meta(key, as_stored(change.get("value")))
            customer.meta = (*customer.meta, row)
        elif not _write_field(customer, key, change.get("value")):
            plain.append(change)
    customer.meta = merged(store, customer.meta, plain)


def _write_field(customer: Customer, key: str, value: object) -> bool:
    text = "" if value is None else str(value)
    if key in {"first_name", "last_name"}:
        setattr(customer, key, text)
        return True
    for prefix, names in (("billing_", BILLING_FIELDS), ("shipping_", SHIPPING_FIELDS)):
        name = key.removeprefix(prefix)
        if key.startswith(prefix) and name in names:
            attribute = prefix.rstrip("_")
            setattr(customer, attribute, {**getattr(customer, attribute), name: text})
            return True
    return False
