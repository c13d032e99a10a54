"""Balances of another programme: out of a file, or as the store shows them."""

from collections.abc import Iterator
from datetime import datetime
from hashlib import file_digest
from pathlib import Path
from uuid import UUID

from connector.exports import Origin, Problem
from connector.exports.balances import BalanceFile, ToldBalance, open_balances
from connector.exports.cells import time_zone
from connector.platform import OtherBalance
from jobs.context import Context, active_store, connected
from jobs.told_balances import ImportedPoints, Told, bring_all
from retention.ledger.changes import require_actor, require_reference
from retention.ledger.imports import Batch

STORE_REFERENCE = "woocommerce-points-and-rewards"


def import_file(
    context: Context,
    store_id: UUID,
    path: Path,
    *,
    actor: str,
    reference: str | None = None,
    apply: bool = False,
) -> ImportedPoints:
    """Bring the balances of a CSV file in, or only find out what that would change.

    Each row is one effect of the file's reference (by default a hash of its content), so that
    loading it again adds nothing, and goes on where it was interrupted. Rows that cannot be
    brought in are problems; the others are. Without a date points expire as those earned today.

    Raises:
        BadPayload: the file cannot be read at all.
        NotActive: there is no such store, or it is not active.
        ValueError: nobody is named, the reference is misspelt, or names another file.
    """
    store = active_store(context, store_id)
    with path.open("rb") as file:
        digest = file_digest(file, "sha256").hexdigest()[:16]
    batch = _batch(reference or digest, actor, "csv", digest)
    result = ImportedPoints(batch.reference)
    with open_balances(path, Origin(store.region, time_zone(store.zone), store.currency)) as file:
        result.unknown_columns = file.unknown_columns
        bring_all(context, store, batch, _distinct(file, result), result, apply=apply)
    return result


def import_from_store(
    context: Context,
    store_id: UUID,
    *,
    actor: str,
    reference: str | None = None,
    apply: bool = False,
) -> ImportedPoints:
    """Bring in the balances that another programme shows on accounts of the store.

    Each account is one effect: reading again brings in only by how much a balance has changed.

    Raises:
        ConnectorError: the store does not answer, or does not show them.
        NotActive: there is no such store, or it is not active.
        ValueError: nobody is named, the reference is misspelt, or names a file.
    """
    store = active_store(context, store_id)
    batch = _batch(reference or STORE_REFERENCE, actor, STORE_REFERENCE, "")
    result = ImportedPoints(batch.reference)
    with connected(context, store) as connection:
        shown = (one for portion in connection.other_balances() for one in portion)
        told = [
            item for number, one in enumerate(shown, 1) if (item := _shown(number, one, result))
        ]
    bring_all(context, store, batch, iter(told), result, apply=apply)
    return result


def _shown(number: int, one: OtherBalance, result: ImportedPoints) -> Told | None:
    if one.points is None or one.points < 0:
        text = f"the balance of account {one.account_id} is no whole number from 0 on"
        result.problems.append(Problem(number, "", text))
    elif one.points:
        balance = ToldBalance(number, one.account_id, None, None, one.points)
        return Told(f"account-{one.account_id}", balance)
    return None


def _batch(reference: str, actor: str, origin: str, digest: str) -> Batch:
    require_reference(reference)
    require_actor(actor)
    return Batch(reference, actor, origin, digest)


def _distinct(file: BalanceFile, result: ImportedPoints) -> Iterator[Told]:
    """The balances of the file; problems go into the result.

    A customer may have several, each with an expiry of its own.
    """
    seen: set[tuple[str, datetime | None]] = set()
    for item in file.rows():
        if isinstance(item, Problem):
            result.problems.append(item)
            continue
        told = Told(str(item.line), item)
        if (told.identity, item.expires_at) in seen:
            text = "the customer comes a second time in the file; the first row is taken"
            result.problems.append(Problem(item.line, "", text))
        else:
            seen.add((told.identity, item.expires_at))
            yield told
