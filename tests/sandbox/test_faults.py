"""Faults that can be switched on."""

import time

import pytest
import requests

from sandbox.faults import Fault, Faults
from sandbox.server import RunningStore
from tests.sandbox.client import Client


def test_too_many_requests_for_a_while(recorded: RunningStore, api: Client) -> None:
    recorded.add_fault(Fault("too_many_requests", times=2, seconds=7))
    answers = [api.get("orders") for _time in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["Retry-After"] == "7"


def test_server_error_on_one_path(recorded: RunningStore, api: Client) -> None:
    recorded.add_fault(Fault("server_error", path="/wp-json/wc/v3/products"))
    assert (api.get("orders").status_code, api.get("products").status_code) == (200, 500)
    recorded.clear_faults()
    assert api.get("products").status_code == 200


def test_only_a_request_with_the_text_is_struck(recorded: RunningStore, api: Client) -> None:
    recorded.add_fault(Fault("server_error", times=1, text="of this shopper"))
    assert api.get("coupons").status_code == 200
    assert api.post("coupons", {"code": "a", "description": "of that shopper"}).status_code == 201
    assert api.post("coupons", {"code": "b", "description": "of this shopper"}).status_code == 500


def test_half_answer_breaks_off(recorded: RunningStore, api: Client) -> None:
    recorded.add_fault(Fault("half_answer", times=1))
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        api.get("orders")
    assert api.get("orders").status_code == 200


def test_timeout_answers_late(recorded: RunningStore, api: Client) -> None:
    recorded.add_fault(Fault("timeout", times=1, seconds=0.3))
    begun = time.monotonic()
    assert api.get("orders").status_code == 200
    assert time.monotonic() - begun >= 0.3


def test_revoked_key(recorded: RunningStore, api: Client) -> None:
    recorded.add_fault(Fault("revoked_key", consumer_key=api.key.consumer_key))
    other = Client(recorded.url, recorded.new_key())
    refused = api.get("orders")
    assert (refused.status_code, refused.json()["message"]) == (401, "Consumer key is invalid.")
    assert other.get("orders").status_code == 200
    other.close()


def test_probability() -> None:
    faults = Faults(seed=1)
    faults.add(Fault("server_error", probability=0.5))
    struck = sum(faults.strike("/wp-json/", "") is not None for _time in range(1000))
    assert 440 < struck < 560


def test_bad_faults_are_named() -> None:
    with pytest.raises(ValueError, match="kind is 'boom'; it must be one of too_many_requests"):
        Fault("boom")
    with pytest.raises(ValueError, match="probability is 2"):
        Fault("timeout", probability=2)
