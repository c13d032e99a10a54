"""What the demo says at its end: what it did, an example of each result, and where to look."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from bazgasht.demo.journey import Journey
from database import results
from database.models import (
    Category,
    CategoryFlow,
    Customer,
    CustomerCategory,
    Product,
    Recommendation,
)
from database.session import store_transaction

EXAMPLE_BASE = 100


def report(journey: Journey) -> None:
    """Print the whole report."""
    screen = journey.screen
    with store_transaction(journey.context.engine, journey.store_id) as session:
        computation = results.figures(session)
        figures: dict[str, Any] = computation.figures if computation else {}
        screen.line(f"\nThe {journey.shop.title} store, read back and equal to what we claim:")
        screen.table(_claims(journey))
        screen.line("\nThe second purchase:")
        _second_purchase(session, journey, figures)
        screen.line("\nA recommendation and its reason:")
        _recommendation(session, journey)
        screen.line("\nTo look at:")
        _links(session, journey)


def _claims(journey: Journey) -> list[tuple[str, str]]:
    found = journey.findings
    lists = f"{found.cross_sells:,} on {found.products_with_cross_sells:,} products"
    points = f"{found.points:,} on {found.accounts_with_points:,} accounts"
    if found.accounts_worked_out:
        points += f" ({found.accounts_worked_out} worked out anew from the store's own orders)"
    return [
        ("orders", f"{found.orders:,}"),
        ("webhook events handled", f"{journey.events:,}"),
        ("product affinities", f"{journey.sizes['product_affinities']:,}"),
        ("cross-sells in the store", lists),
        ("points in the store", points),
        ("accounts with a second-purchase category", f"{found.accounts_with_category:,}"),
    ]


def _second_purchase(session: Session, journey: Journey, figures: dict[str, Any]) -> None:
    test = figures.get("same_category", {})
    if test.get("base"):
        journey.screen.line(
            f"  {test['count']:,} of {test['base']:,} customers ({test['share']:.1%}, 95 % "
            f"interval {test['low']:.1%} to {test['high']:.1%}) came back for the same category; "
            f"by chance {test['expected']:.1%} would: {test['verdict']}."
        )
    _worth(session, journey, figures.get("second_category", {}))
    first, second = aliased(Category), aliased(Category)
    rows = session.execute(
        select(first.name.label("first"), second.name.label("second"), CategoryFlow)
        .join(first, first.id == CategoryFlow.first_category_id)
        .join(second, second.id == CategoryFlow.second_category_id)
        .order_by(CategoryFlow.count.desc(), CategoryFlow.lift.desc())
        .limit(3)
    )
    for row in rows:
        flow = row.CategoryFlow
        note = "" if flow.enough else " (few customers, so drawn toward the base rate)"
        journey.screen.line(
            f"  {row.first} → {row.second}: {flow.count} of {flow.base} customers; probability "
            f"{flow.probability:.1%} against {flow.base_rate:.1%} for all{note}"
        )


def _worth(session: Session, journey: Journey, worth: dict[str, Any]) -> None:
    """Say how often the predicted category was right for customers left out of the counting."""
    if not worth.get("customers"):
        return
    common = session.get(Category, worth["majority_category_id"])
    customers = worth["customers"]
    verdict = {
        "better": "better than always naming",
        "no better": "no better than always naming",
        "not enough data": "too few customers to say whether better than always naming",
    }[worth["verdict"]]
    journey.screen.line(
        f"  The category predicted first was right for {worth['hits'] / customers:.1%} of "
        f"{customers:,} customers left out of the counting: {verdict} "
        f"{common.name if common else 'the most common one'} "
        f"({worth['majority_hits'] / customers:.1%})."
    )


def _recommendation(session: Session, journey: Journey) -> None:
    product, other = aliased(Product), aliased(Product)
    rows = session.execute(
        select(product.name.label("product"), other.name.label("other"), Recommendation)
        .join(product, product.id == Recommendation.product_id)
        .join(other, other.id == Recommendation.other_id)
        .where(Recommendation.rank == 1, Recommendation.base >= EXAMPLE_BASE)
        .order_by(Recommendation.lift.desc())
        .limit(2)
    )
    for row in rows:
        reason = results.sentence(row.Recommendation, row.other)
        journey.screen.line(f"  {row.product} → {row.other}: {reason}.")


def _links(session: Session, journey: Journey) -> None:
    example = session.scalar(
        select(Product.external_id)
        .join(Recommendation, Recommendation.product_id == Product.id)
        .where(Recommendation.rank == 1, Recommendation.base >= EXAMPLE_BASE)
        .order_by(Recommendation.lift.desc())
        .limit(1)
    )
    account = session.scalar(
        select(Customer.account_id)
        .join(CustomerCategory, CustomerCategory.customer_id == Customer.id)
        .where(Customer.account_id.is_not(None), CustomerCategory.basis == "predicted")
        .limit(1)
    ) or session.scalar(select(Customer.account_id).where(Customer.account_id.is_not(None)))
    journey.screen.table(
        [
            *journey.shop.links(str(example), str(account)),
            ("the app's metrics", f"{journey.context.public_url}/metrics"),
        ]
    )
