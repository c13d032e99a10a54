"""Balances that the plugin “WooCommerce Points and Rewards” shows in a store.

The plugin keeps points in a table of its own, and each account's sum as the meta data
`wc_points_balance`, which REST shows to a key of an administrator. It brings that sum up to date
at every change of points and whenever a customer's profile is saved.
"""

from collections.abc import Iterator, Sequence

from connector.errors import PermanentError
from connector.platform import OtherBalance
from connector.values import validate
from connector.woocommerce import listing
from connector.woocommerce.client import Client
from connector.woocommerce.payloads import CustomerPayload

BALANCE = "wc_points_balance"


class OtherPoints:
    """The call that reads them."""

    _client: Client

    def other_balances(self) -> Iterator[Sequence[OtherBalance]]:
        """What accounts have there, in portions; those without a balance are left out.

        Raises:
            PermanentError: the key does not show customers' meta data.
        """
        (everything,) = listing.listings("customer", None)
        for _, reply in listing.replies(self._client, everything):
            payloads = [validate(CustomerPayload, one) for one in listing.objects(reply)]
            if any(payload.meta_data is None for payload in payloads):
                raise PermanentError(
                    "GET customers: the key does not show customers' meta data; install again as "
                    "a user who is an administrator of the store"
                )
            yield tuple(
                OtherBalance(str(payload.id), _whole(meta.value))
                for payload in payloads
                for meta in payload.meta_data or ()
                if meta.key == BALANCE and meta.value not in ("", None)
            )


def _whole(value: object) -> int | None:
    text = str(value).strip()
    number = text.removeprefix("-")
    return int(text) if number.isascii() and number.isdigit() else None
