"""What the two common formats of exports from WooCommerce share: WooCommerce writes none itself."""

from connector.exports.reading import Group

# WooCommerce's own words, as its translation shows them where a plugin exports what it shows.
STATUSES = {
    "pending payment": "pending",
    "در انتظار پرداخت": "pending",
    "در حال انجام": "processing",
    "در انتظار بررسی": "on-hold",
    "تکمیل شده": "completed",
    "تکمیل‌شده": "completed",
    "لغو شده": "cancelled",
    "مسترد شده": "refunded",
    "ناموفق": "failed",
}


def status(group: Group, *columns: str) -> str:
    """The status by WooCommerce's own word for it: "processing", "on-hold"."""
    written = group.first.text(*columns).casefold().removeprefix("wc-")
    if not written:
        group.refuse(group.first, columns[0], "is empty; import the file as it was exported")
    return STATUSES.get(written, written.replace(" ", "-"))
