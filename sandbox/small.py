"""A small catalogue for tests: 12 products in 4 categories on two levels."""

from sandbox import clock, money
from sandbox.operations import products
from sandbox.records import Customer, Product
from sandbox.store import Settings, Store

OPENED = 1_700_000_000
CATEGORIES = (("Drinks", None), ("Coffee", "Drinks"), ("Tea", "Drinks"), ("Clothing", None))
PRODUCTS = (
    ("House Blend Beans", "Coffee", "COF-1", 2300),
    ("Espresso Roast", "Coffee", "COF-2", 2500),
    ("Decaf Beans", "Coffee", "COF-3", 2450),
    ("French Press", "Coffee", "COF-4", 3999),
    ("Paper Filters", "Coffee", "COF-5", 450),
    ("Green Tea", "Tea", "TEA-1", 1200),
    ("Earl Grey", "Tea", "TEA-2", 1350),
    ("چای ایرانی", "Tea", "TEA-3", 990),
    ("Tea Pot & Cup", "Tea", "TEA-4", 5400),
    ("Beanie", "Clothing", "CLO-1", 1800),
    ("Socks", "Clothing", "CLO-2", 700),
)
VARIABLE_PRODUCT = ("Tee Shirt", "Clothing", "CLO-3", 2500, ("S", "M", "L"))
CUSTOMERS = (
    ("ada@example.test", "Ada", "Lovelace", "+15550100"),
    ("sara@example.test", "سارا", "محمدی", "09121234567"),
    ("reza@example.test", "رضا", "کریمی", "۰۹۳۵۱۲۳۴۵۶۷"),
    ("smile@example.test", "Mia 😀", "O'Neil-Łukasz", ""),
)
DECIMALS = {"IRT": 0, "IRR": 0, "JPY": 0, "KRW": 0, "BHD": 3, "KWD": 3}
STOCKED_SKU = "COF-4"


def small_store(
    currency: str = "USD", time_zone: str = "UTC", decimals: int | None = None
) -> Store:
    """A store with the catalogue and four customers, and no orders.

    Prices are written for cents; with other decimals each cent counts as 1,000 of the smallest
    units. `decimals` defaults to what the currency has.
    """
    if decimals is None:
        decimals = DECIMALS.get(currency, 2)
    store = Store(Settings(currency=currency, time_zone=time_zone, decimals=decimals))
    for name, parent in CATEGORIES:
        parent_id = _category_id(store, parent) if parent else 0
        store.add_category(name, slug=name.lower(), parent=parent_id)
    for name, category, sku, cents in PRODUCTS:
        _offer(store, name, category, sku, cents)
    _offer_variable(store)
    for email, first_name, last_name, phone in CUSTOMERS:
        _welcome(store, email, first_name, last_name, phone)
    return store


def _category_id(store: Store, name: str) -> int:
    return next(category.id for category in store.categories.values() if category.name == name)


def _price(store: Store, cents: int) -> str:
    decimals = store.settings.decimals
    return money.to_text(cents if decimals == 2 else cents * 1000, decimals)


def _offer(store: Store, name: str, category: str, sku: str, cents: int) -> Product:
    is_stocked = sku == STOCKED_SKU
    product = Product(
        id=store.next_post_id(),
        name=name,
        slug=products.slug_of(store, name),
        created=OPENED,
        modified=OPENED,
        sku=sku,
        regular_price=_price(store, cents),
        manage_stock=is_stocked,
        stock_quantity=50 if is_stocked else None,
        category_ids=(_category_id(store, category),),
        description=f"<p>{name}.</p>",
    )
    return store.add_product(product)


def _offer_variable(store: Store) -> None:
    name, category, sku, cents, sizes = VARIABLE_PRODUCT
    parent = _offer(store, name, category, sku, cents)
    parent.type, parent.regular_price, parent.options = "variable", "", (("Size", sizes),)
    for size in sizes:
        variation = _offer(store, f"{name} - {size}", category, f"{sku}-{size}", cents)
        store.file_product(variation, ())
        variation.type, variation.parent_id = "variation", parent.id
        variation.options, variation.description = (("Size", (size,)),), ""
        parent.variation_ids = (*parent.variation_ids, variation.id)


def _welcome(store: Store, email: str, first_name: str, last_name: str, phone: str) -> None:
    address = {
        "first_name": first_name,
        "last_name": last_name,
        "address_1": "1 Main St",
        "city": "Oakland",
        "postcode": "94607",
        "country": "US",
        "state": "CA",
        "phone": phone,
    }
    store.add_customer(
        Customer(
            id=store.next_user_id(),
            email=email,
            username=email.split("@", maxsplit=1)[0],
            created=min(OPENED, clock.now()),
            modified=OPENED,
            first_name=first_name,
            last_name=last_name,
            billing={**address, "email": email},
            shipping=address,
        )
    )
