"""What the pages of a Shopify shop ask for their shoppers, through the shop itself."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import requests

from jobs.context import Context
from sandbox.small import small_store
from tests.conftest import AppServer
from tests.jobs.conftest import set_settings
from tests.merchant import Merchant, open_shop

ADA = "ada@example.test"


class Shopper:
    """A browser on the shop's pages."""

    def __init__(self, merchant: Merchant, browser: requests.Session) -> None:
        self.merchant, self._browser = merchant, browser

    def sign_in(self, email: str) -> None:
        """Sign in as the customer with this e-mail address."""
        self._browser.get(self._address(f"account/login/{self.merchant.customer(email)}"))

    def points(self) -> Any:
        """What the shop's page is told."""
        return self._browser.get(self._address("apps/bazgasht/points"), timeout=30).json()

    def redeem(self, points: int | str, key: str = "", **options: Any) -> requests.Response:
        """The answer to the form on the shop's page."""
        return self._browser.post(
            self._address("apps/bazgasht/redeem"),
            params={"points": points, "key": key or str(uuid4()), "lang": "en"},
            timeout=30,
            **({"json": {}} | options),
        )

    def _address(self, path: str) -> str:
        return f"{self.merchant.shop.url}/{path}"


@pytest.fixture
def shopper(context: Context, app_server: AppServer) -> Iterator[Shopper]:
    """Ada, at a shop where she has points, each worth 0.05."""
    with (
        open_shop(context, app_server, small_store()) as merchant,
        requests.Session() as browser,
    ):
        browser.trust_env = False
        set_settings(merchant, redemption_enabled=True, point_value="0.05", redemption_step=5)
        merchant.buy(ADA, "House Blend Beans")
        merchant.catch_up()
        yield Shopper(merchant, browser)


def test_a_shopper_sees_and_redeems_points_on_the_shops_own_page(shopper: Shopper) -> None:
    assert shopper.points()["signed_in"] is False
    assert shopper.redeem(15).json()["error"]["problem"] == "signed_out"
    shopper.sign_in(ADA)
    told = shopper.points()
    assert (told["signed_in"], told["points"], told["redeem"]["most"]) == (True, 23, 20)

    key = str(uuid4())
    made = shopper.redeem(15, key).json()["redemption"]
    assert (made["state"], made["points"], made["kind"]) == ("issued", 15, "code")
    assert shopper.redeem(15, key).json()["redemption"] == made
    assert [one["code"] for one in shopper.points()["open"]] == [made["code"]]

    refused = shopper.redeem(100)
    assert refused.status_code == 422
    assert refused.json()["error"]["message"] == (
        "You can spend 8 points; redeem no more than that."
    )


def test_a_form_of_another_site_redeems_nothing(shopper: Shopper) -> None:
    shopper.sign_in(ADA)
    for body in ({"data": {"a": "1"}, "json": None}, {"data": "{}", "json": None}):
        answer = shopper.redeem(15, **body)
        assert (answer.status_code, answer.json()["error"]["problem"]) == (400, "bad_request")
    assert shopper.redeem("1e1").status_code == 401
    assert shopper.redeem(0).status_code == 400
    assert shopper.points()["points"] == 23
