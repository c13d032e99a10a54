"""The commands that pin and ban products, and what then stands in the store."""

from collections.abc import Sequence

import click
import pytest

from bazgasht.choice_commands import ban, list_choices, pin, unban, unpin
from bazgasht.recommendation_commands import recommendations
from tests.bazgasht.commands import Commands
from tests.conftest import Installed
from tests.jobs.conftest import compute, settle
from tests.shop import Shop

TEA, BEANS, SOCKS = "Green Tea", "House Blend Beans", "Socks"


@pytest.fixture
def shop(installed: Installed) -> Shop:
    return Shop(installed.sandbox)


def done(run: Commands, command: click.Command, *words: str) -> str:
    result = run(command, *words)
    assert result.exception is None, result.output
    return result.output


def in_store(installed: Installed, shop: Shop, product: str) -> Sequence[int]:
    """The list that the store shows once everything is computed and written."""
    settle(installed)
    compute(installed)
    settle(installed)
    identifier = shop.product_id(product)
    shown = installed.sandbox.store.products[identifier].cross_sell_ids
    assert isinstance(shown, list)
    return shown


def test_a_pinned_product_stands_first_in_the_store_until_it_is_unpinned(
    run: Commands, installed: Installed, shop: Shop
) -> None:
    store, socks = str(installed.id), shop.product_id(SOCKS)
    shop.order(TEA, BEANS, email="ada@example.test")
    before = in_store(installed, shop, TEA)
    assert before[0] != socks

    assert "pinned" in done(run, pin, store, SOCKS)
    assert in_store(installed, shop, TEA)[0] == socks
    assert "buyers of the store bought Socks" in done(
        run, recommendations, store, str(shop.product_id(TEA))
    )

    done(run, unpin, store, SOCKS)
    assert in_store(installed, shop, TEA) == before


def test_a_banned_product_is_taken_out_of_one_list_or_of_all(
    run: Commands, installed: Installed, shop: Shop
) -> None:
    store, beans = str(installed.id), shop.product_id(BEANS)
    shop.order(TEA, BEANS, SOCKS, email="ada@example.test")
    assert beans in in_store(installed, shop, TEA)

    done(run, ban, store, BEANS, "--for", TEA)
    assert beans not in in_store(installed, shop, TEA)
    assert beans in in_store(installed, shop, SOCKS)

    done(run, ban, store, f"id:{beans}")
    assert beans not in in_store(installed, shop, SOCKS)
    listed = done(run, list_choices, store)
    assert listed.splitlines() == [
        f"ban  {BEANS} (id:{beans})  in every list",
        f"ban  {BEANS} (id:{beans})  for {TEA}",
    ]

    done(run, unban, store, BEANS)
    done(run, unban, store, BEANS, "--for", TEA)
    assert done(run, list_choices, store) == "nothing is pinned or banned\n"
    assert beans in in_store(installed, shop, TEA)


def test_a_product_is_meant_by_identifier_stock_number_or_name(
    run: Commands, installed: Installed, shop: Shop
) -> None:
    store, tea = str(installed.id), installed.sandbox.store.products[shop.product_id(TEA)]
    settle(installed)
    for words in (
        str(tea.id),
        f"id:{tea.id}",
        tea.sku,
        f"sku:{tea.sku}",
        "green tea",
        f"name:{TEA}",
    ):
        done(run, pin, store, words)
        assert f"(id:{tea.id})" in done(run, list_choices, store)
        done(run, unpin, store, words)


def test_words_that_may_mean_several_products_are_refused_and_name_them(
    run: Commands, installed: Installed, shop: Shop
) -> None:
    store, tea, socks = str(installed.id), shop.product_id(TEA), shop.product_id(SOCKS)
    shop.change(f"products/{socks}", name=TEA)
    settle(installed)

    result = run(pin, store, TEA)

    assert isinstance(result.exception, LookupError)
    assert str(result.exception) == (
        f"'{TEA}' may mean {TEA} (id:{tea}), {TEA} (id:{socks}); give one of them as id:…"
    )
    assert done(run, list_choices, store) == "nothing is pinned or banned\n"
    done(run, pin, store, f"id:{socks}")


@pytest.mark.parametrize(
    ("command", "words", "problem"),
    [
        (pin, ["sku:nothing"], "no product has the identifier, stock number or name 'sku:nothing'"),
        (pin, [TEA, "--for", TEA], "a product is never in its own list"),
        (unpin, [TEA], "'Green Tea' has no pin there"),
        (unban, [TEA, "--for", SOCKS], "'Green Tea' has no ban there"),
    ],
)
def test_what_cannot_be_done_is_said(
    run: Commands, installed: Installed, command: click.Command, words: list[str], problem: str
) -> None:
    settle(installed)
    result = run(command, str(installed.id), *words)
    assert problem in result.output + str(result.exception)


@pytest.mark.parametrize("command", [pin, ban, unpin, unban])
def test_a_store_that_is_not_there_is_named(run: Commands, command: click.Command) -> None:
    nowhere = "00000000-0000-0000-0000-000000000000"
    result = run(command, nowhere, TEA)
    assert f"no store {nowhere}" in str(result.exception)
