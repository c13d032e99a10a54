"""The commands about personal data: tell, erase, list and remove."""

import json
from typing import Any

import pytest
from sqlalchemy import Engine, text

from bazgasht.privacy_commands import privacy
from connector.meanings import PersonalData
from jobs import privacy as job
from tests.bazgasht.commands import Commands
from tests.conftest import Installed
from tests.jobs.test_privacy import catch_up
from tests.jobs.traces import find_in_tables
from tests.shop import Shop

ADA = "ada@example.test"


@pytest.fixture
def store(installed: Installed) -> str:
    Shop(installed.sandbox).order("House Blend Beans", email=ADA)
    catch_up(installed)
    return str(installed.id)


def told(run: Commands, *words: str) -> dict[str, Any]:
    result = run(privacy, "export", *words)
    assert result.exception is None, result.output
    content: dict[str, Any] = json.loads(result.stdout)
    return content


def test_a_person_is_told_everything_by_any_name(run: Commands, store: str) -> None:
    by_email = told(run, store, "--email", " Ada@example.test")
    assert by_email["customers"][0]["name"] == "Ada Lovelace"
    assert by_email["points"]["balance"] == 23
    account = by_email["customers"][0]["account"]
    assert told(run, store, "--account", account)["orders"] == by_email["orders"]


def test_a_person_is_erased_after_a_yes(run: Commands, store: str, superuser: Engine) -> None:
    refused = run(privacy, "erase", store, "--email", ADA)
    assert refused.exit_code == 1
    assert "ada@" in str(find_in_tables(superuser, ("ada@",)))
    done = run(privacy, "erase", store, "--email", ADA, "--yes")
    assert done.exception is None, done.output
    assert "customers 1, orders 1, written_to_accounts 1, taken_back 1" in done.output
    assert find_in_tables(superuser, (ADA, "Lovelace")) == []
    listed = run(privacy, "requests", store).output
    assert "erase  asked" in listed
    assert "orders 1" in listed
    assert "ada" not in listed


def test_a_platforms_question_is_answered_by_its_key(
    run: Commands, store: str, installed: Installed
) -> None:
    asked = PersonalData("export", "", None, ADA, None, ())
    job.accept(installed.context, installed.id, asked, "delivery-9")
    assert "delivery-9  export  asked" in run(privacy, "requests", store).output
    assert told(run, store, "--request", "delivery-9")["points"]["balance"] == 23
    again = run(privacy, "export", store, "--request", "delivery-9")
    assert "no open request" in str(again.exception)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ([], "name the person"),
        (["--email", "ada"], "is not an e-mail address"),
        (["--phone", "12"], "is not a phone number"),
    ],
)
def test_what_names_nobody_is_refused(
    run: Commands, store: str, words: list[str], problem: str
) -> None:
    result = run(privacy, "erase", store, *words, "--yes")
    assert problem in str(result.exception)


def test_a_store_is_removed_only_once_it_left(
    run: Commands, store: str, installed: Installed
) -> None:
    assert "uninstall it first" in str(run(privacy, "redact-store", store, "--yes").exception)
    with installed.scope() as session:
        session.execute(text("UPDATE stores SET state = 'uninstalled', credentials = NULL"))
    assert "orders 1" in run(privacy, "redact-store", store, "--yes").output
    assert "redact_store" in run(privacy, "requests", store).output
