"""A shopper and a merchant at a pretend store, by the store's own REST interface."""

from typing import Any

from woocommerce import API

from sandbox.server import RunningStore


class Shop:
    """Calls on a running store, as a merchant's other software would make them."""

    def __init__(self, sandbox: RunningStore) -> None:
        key = sandbox.new_key()
        self._api = API(
            sandbox.url, key.consumer_key, key.consumer_secret, version="wc/v3", timeout=30
        )

    def get(self, path: str, **parameters: Any) -> Any:
        """What is there."""
        answer = self._api.get(path, params=parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def create(self, path: str, **content: Any) -> Any:
        """Make something new."""
        answer = self._api.post(path, content)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def change(self, path: str, **content: Any) -> Any:
        """Change something."""
        answer = self._api.put(path, content)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def delete(self, path: str, *, force: bool = False) -> Any:
        """Trash something, or delete it for good."""
        answer = self._api.delete(path, params={"force": force} if force else {})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def product_id(self, name: str) -> int:
        """The identifier of the product of this name."""
        found = [p for p in self.get("products", per_page=100) if p["name"] == name]
        return int(found[0]["id"])

    def customer_id(self, email: str) -> int:
        """The identifier of the account with this e-mail."""
        found: int = self.get("customers", email=email, role="all")[0]["id"]
        return found

    def order(self, *names: str, email: str | None = None, **content: Any) -> Any:
        """A paid order of one each of these products, by an account or else by a guest."""
        buyer = {"customer_id": self.customer_id(email)} if email else {}
        lines = [{"product_id": self.product_id(name), "quantity": 1} for name in names]
        return self.create(
            "orders", set_paid=True, payment_method="bacs", line_items=lines, **buyer, **content
        )

    def meta(self, email: str) -> dict[str, Any]:
        """What apps have written on an account."""
        customer = self.get(f"customers/{self.customer_id(email)}")
        return {meta["key"]: meta["value"] for meta in customer["meta_data"]}

    def cross_sells(self, name: str) -> list[int]:
        """The cross-sells of a product, as the store has them."""
        listed: list[int] = self.get(f"products/{self.product_id(name)}")["cross_sell_ids"]
        return listed
