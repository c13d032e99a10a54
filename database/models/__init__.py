"""The tables. ARCHITECTURE.md tells what each is for.

Every table of a store's data carries `store_id`, and PostgreSQL's row-level security shows only
the rows of the store that the transaction has set (see `database.session`).
"""

from database.models.base import Base, Json
from database.models.catalogue import Category, Product, ProductChoice, Review
from database.models.claims import ClaimLink
from database.models.events import InboxEvent, WriteBack
from database.models.occasions import (
    AccountHolder,
    Birthday,
    OrderAddress,
    Referral,
    ReferralCode,
)
from database.models.orders import Customer, Order, OrderLine, Refund
from database.models.points import PointEntry, PointLot, Redemption
from database.models.privacy import ErasedIdentity, PrivacyKey, PrivacyRequest
from database.models.reports import (
    Baseline,
    CustomerPrediction,
    Report,
    ReportChange,
    RetentionCost,
)
from database.models.results import (
    CategoryFlow,
    ChangedOrder,
    Computation,
    CustomerCategory,
    PersonalRecommendation,
    ProductAffinity,
    Recommendation,
)
from database.models.stores import Install, Progress, ScheduleTick, Store
from database.models.tiers import CustomerTier, ExpiryWarning, RuleStart, TierChange

__all__ = [
    "AccountHolder",
    "Base",
    "Baseline",
    "Birthday",
    "Category",
    "CategoryFlow",
    "ChangedOrder",
    "ClaimLink",
    "Computation",
    "Customer",
    "CustomerCategory",
    "CustomerPrediction",
    "CustomerTier",
    "ErasedIdentity",
    "ExpiryWarning",
    "InboxEvent",
    "Install",
    "Json",
    "Order",
    "OrderAddress",
    "OrderLine",
    "PersonalRecommendation",
    "PointEntry",
    "PointLot",
    "PrivacyKey",
    "PrivacyRequest",
    "Product",
    "ProductAffinity",
    "ProductChoice",
    "Progress",
    "Recommendation",
    "Redemption",
    "Referral",
    "ReferralCode",
    "Refund",
    "Report",
    "ReportChange",
    "RetentionCost",
    "Review",
    "RuleStart",
    "ScheduleTick",
    "Store",
    "TierChange",
    "WriteBack",
]
