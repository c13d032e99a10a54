"""The proof that the ledger of points agrees with itself and with all that follows from it."""

from uuid import UUID

from sqlalchemy.orm import Session

from connector.manifest import load
from database import points, redemptions, stores
from database.session import store_transaction
from jobs.context import Context
from jobs.referrals import disagreements
from retention.ledger.audit import Audit


def verify(context: Context, store_id: UUID) -> Audit:
    """Rebuild every balance from the entries, and compare it with all that is kept.

    Raises:
        LookupError: there is no such store.
    """
    engine = context.engine.execution_options(isolation_level="REPEATABLE READ")
    audit = Audit()
    with store_transaction(engine, store_id) as session:
        row = stores.existing(session)
        audit.read(points.links(session))
        audit.compare(row.ledger_entries, row.ledger_hash, points.all_lots(session))
        audit.compare_redemptions(redemptions.all_redemptions(session))
        audit.problems += disagreements(session)
        if row.state == "active":
            _compare_shown(session, row.platform, audit)
    return audit


def _compare_shown(session: Session, platform: str, audit: Audit) -> None:
    fields = load().platforms[platform].customer_fields
    rebuilt = audit.balances()
    for place, name in enumerate(("points_pending", "points")):
        for customer, (account, text) in points.shown(session, fields[name]).items():
            amount = rebuilt.get(customer, (0, 0))[place]
            if text != str(amount):
                audit.problems.append(
                    f"account {account}: {fields[name]} is to show {text}, the ledger has {amount}"
                )
