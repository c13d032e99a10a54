"""The command that judges recommendations and predictions on a file of purchases."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import polars as pl

from bazgasht.cli import cli
from bazgasht.options import json_option, print_json
from bazgasht.purchase_file import UnreadableFile, read_purchases
from retention.columns import ORDER_ID
from retention.evaluation.bootstrap import Estimate
from retention.evaluation.second_category import SecondCategory
from retention.evaluation.second_category_models import OURS
from retention.evaluation.store import Answer, Evaluation, evaluate
from retention.evaluation.tasks import improvement
from retention.prediction.calibration import Calibration
from retention.prediction.evidence import NotEnoughData

TITLES = {
    "product_page": "Product page: the rest of an order, ten products",
    "next_order": "Next order of a known customer, ten products",
    "new_products": "Next order, only products never bought before",
}
CATEGORY_TITLE = (
    "Category of the second purchase (others: learned from all that other customers bought; "
    "earlier: from what was bought before)"
)


@cli.command("evaluate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
def evaluate_command(file: Path, *, as_json: bool) -> None:
    """Judge recommendations and predictions on the purchases in FILE.

    FILE is a CSV or Parquet table, a row per line of an order, with the columns customer, order,
    time, product, category, quantity and price. The last fifth of the orders is foretold from
    those before it. The intervals are of 95 %, over customers.
    """
    try:
        found = evaluate(*read_purchases(file))
    except UnreadableFile as error:
        raise click.ClickException(f"{file.name}: {error}") from None
    except NotEnoughData as error:
        raise click.ClickException(str(error)) from None
    if as_json:
        print_json(_as_json(found))
    else:
        for line in _text(found):
            click.echo(line)


def _text(found: Evaluation) -> Iterator[str]:
    split = found.split
    known, test = _orders(split.known), _orders(split.test)
    yield f"{known + test} orders, {' to '.join(_minute(end) for end in split.period)}."
    yield (
        f"Known until {_minute(split.test_from)}, judged by the {test} orders from then on. "
        "Intervals are of 95 %, over customers."
    )
    for name, title in TITLES.items():
        yield from ["", title, *_rows(getattr(found, name))]
    yield from ["", CATEGORY_TITLE, *_category(found.second_category)]


def _orders(lines: pl.DataFrame) -> int:
    return lines[ORDER_ID].n_unique()


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"


def _rows(answer: Answer) -> Iterator[str]:
    if isinstance(answer, NotEnoughData):
        yield f"  {answer}"
        return
    ours = answer["ours"]
    yield f"  {ours.recall.n} orders of {ours.recall.customers} customers"
    for name, judged in answer.items():
        line = f"  {name:<20} recall {_interval(judged.recall)}, coverage {judged.coverage:.0%}"
        if name != "ours":
            line += f"; ours better by {_interval(improvement(ours, judged))}"
        yield line


def _category(found: SecondCategory | NotEnoughData) -> Iterator[str]:
    if isinstance(found, NotEnoughData):
        yield f"  {found}"
        return
    for score in found.scores:
        line = (
            f"  {score.setting:<8} {score.model:<23} first {_interval(score.top_1)}, "
            f"first three {_interval(score.top_3)}"
        )
        if score.model == OURS:
            line += f", {score.top_1.customers} customers"
        else:
            line += f"; ours better by {_interval(score.gain_1)}, {_interval(score.gain_3)}"
        yield line
    for setting, one in found.named_first.items():
        told = (
            f"nothing stated, {one}"
            if isinstance(one, NotEnoughData)
            else f"{one.error:.3f}, {one.customers} customers; {one.by_chance:.3f} by chance alone"
        )
        yield f"  calibration error of the first, {setting}: {told}"


def _interval(estimate: Estimate) -> str:
    return f"{estimate.value:.4f} ({estimate.low:.4f} to {estimate.high:.4f})"


def _as_json(found: Evaluation) -> dict[str, Any]:
    answers = {name: _answer(getattr(found, name)) for name in TITLES}
    category = found.second_category
    begin, end = found.split.period
    return {
        "from": begin.isoformat(),
        "test_from": found.split.test_from.isoformat(),
        "to": end.isoformat(),
        "known_orders": _orders(found.split.known),
        "test_orders": _orders(found.split.test),
        **answers,
        "second_category": _refused(category)
        if isinstance(category, NotEnoughData)
        else {
            "scores": [
                {
                    "setting": score.setting,
                    "model": score.model,
                    "top_1": score.top_1.as_json(),
                    "top_3": score.top_3.as_json(),
                    "ours_better_by": score.gain_1.as_json(),
                    "ours_better_by_in_three": score.gain_3.as_json(),
                }
                for score in category.scores
            ],
            "calibration_error": {
                setting: _refused(one) if isinstance(one, NotEnoughData) else _calibration(one)
                for setting, one in category.named_first.items()
            },
        },
    }


def _calibration(found: Calibration) -> dict[str, float | int]:
    return {"value": found.error, "by_chance": found.by_chance, "customers": found.customers}


def _answer(answer: Answer) -> dict[str, Any]:
    if isinstance(answer, NotEnoughData):
        return _refused(answer)
    return {
        name: judged.as_json() | {"ours_better_by": improvement(answer["ours"], judged).as_json()}
        for name, judged in answer.items()
    }


def _refused(error: NotEnoughData) -> dict[str, Any]:
    return {"not_enough": {"what": error.what, "have": error.have, "need": error.need}}
