"""Signed requests to the pretend store, as the `woocommerce` client makes them."""

from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import requests
from woocommerce.oauth import OAuth

from sandbox.records import ApiKey


@dataclass
class Client:
    """Calls wc/v3 over plain http with OAuth 1."""

    url: str
    key: ApiKey
    session: requests.Session = field(default_factory=requests.Session)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: dict[str, Any] | None = None,
        data: str | None = None,
    ) -> requests.Response:
        address = f"{self.url}/wp-json/wc/v3/{path}"
        if query:
            address += f"?{urlencode(query)}"
        signed = OAuth(
            url=address,
            consumer_key=self.key.consumer_key,
            consumer_secret=self.key.consumer_secret,
            version="wc/v3",
            method=method,
        ).get_oauth_url()
        headers = {"Content-Type": "application/json"} if data is not None else None
        return self.session.request(
            method, signed, json=body, data=data, headers=headers, timeout=10
        )

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any) -> requests.Response:
        return self.call("POST", path, body)

    def put(self, path: str, body: Any) -> requests.Response:
        return self.call("PUT", path, body)

    def delete(self, path: str, **query: Any) -> requests.Response:
        return self.call("DELETE", path, query=query)

    def close(self) -> None:
        self.session.close()
