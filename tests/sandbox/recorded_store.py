"""A store with the products, customers and orders that the recordings speak of."""

from decimal import Decimal
from itertools import count

from sandbox.operations import coupons, orders, refunds
from sandbox.records import ApiKey, Coupon, Customer, Line, Order, Product, ShippingLine
from sandbox.store import Settings, Store, TaxRate

MOMENT = 1_795_296_600
ADMIN_KEY = ApiKey(1, 1, "", "read_write", f"ck_{'1' * 40}", f"cs_{'2' * 40}")
READ_KEY = ApiKey(2, 1, "", "read", f"ck_{'3' * 40}", f"cs_{'4' * 40}")
ADDRESS = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "address_1": "1 Main St",
    "city": "Oakland",
    "postcode": "94607",
    "country": "US",
    "state": "CA",
    "phone": "555-0100",
}
PLAIN_PRODUCTS = {
    11: ("House Blend Beans", "COF-001", "23.00"),
    27: ("French Press", "BRE-001", "39.99"),
    58: ("Draft Mug", "MUG-001", "9.00"),
    66: ("Hoodie", "APP-001", "34.99"),
    68: ("Scarf", "APP-002", "18.00"),
    69: ("Gloves", "APP-003", "14.00"),
    70: ("Beanie", "APP-004", "12.00"),
    71: ("Sticker Pack", "APP-005", "2.50"),
    72: ("Socks", "APP-006", "7.00"),
    210: ("Doomed", "", "1"),
    211: ("Doomed2", "", "1"),
}


def recorded_store(time_zone: str = "UTC") -> Store:
    tax = TaxRate(Decimal("8.5"))
    store = Store(Settings(time_zone=time_zone, tax=tax))
    store.keys = {key.consumer_key: key for key in (ADMIN_KEY, READ_KEY)}
    apparel = store.add_category("Apparel", slug="apparel").id
    store.add_category("Coffee", slug="coffee")
    for product_id, (name, sku, price) in PLAIN_PRODUCTS.items():
        store.add_product(_product(product_id, name, sku, price, apparel))
    for product_id in (11, 27):
        store.products[product_id].manage_stock = True
        store.products[product_id].stock_quantity = 40
    _add_tee_shirt(store, apparel)
    for customer_id, name in ((2, "c01"), (14, "rec"), (15, "bye")):
        _add_customer(store, customer_id, name)
    _add_order(store)
    coupons.create(
        store,
        Coupon(81, "welcome10", MOMENT, MOMENT, Decimal(10), "percent", used_by=("3", "13")),
    )
    # New objects get ids that nothing above has.
    store._post_ids = count(300)
    store._user_ids = count(30)
    return store


def _product(product_id: int, name: str, sku: str, price: str, category: int) -> Product:
    slug = name.lower().replace(" ", "-")
    return Product(
        product_id,
        name,
        slug,
        MOMENT,
        MOMENT,
        sku=sku,
        regular_price=price,
        category_ids=(category,),
    )


def _add_tee_shirt(store: Store, category: int) -> None:
    shirt = store.add_product(_product(73, "Tee Shirt", "APP-TEE", "", category))
    shirt.type, shirt.options = "variable", (("Size", ("S", "M", "L")),)
    for variation_id, size in ((74, "S"), (75, "M"), (76, "L")):
        variation = _product(variation_id, f"Tee Shirt - {size}", f"APP-TEE-{size}", "25.00", 0)
        variation.type, variation.parent_id = "variation", 73
        variation.options, variation.category_ids = (("Size", (size,)),), ()
        store.add_product(variation)
        shirt.variation_ids = (*shirt.variation_ids, variation_id)


def _add_customer(store: Store, customer_id: int, name: str) -> None:
    email = f"{name}@example.test"
    store.add_customer(
        Customer(
            customer_id,
            email,
            name,
            MOMENT,
            MOMENT,
            first_name="Ada",
            last_name="Lovelace",
            billing={**ADDRESS, "email": email},
            shipping=ADDRESS,
        )
    )


def _add_order(store: Store) -> None:
    """Order 204 as recorded: lines 35.99, 41.40 and 22.50, tax 8.49, shipping 5.00."""
    lines = (
        Line(475, 27, 0, "French Press", 1, 3999, 3599),
        Line(476, 11, 0, "House Blend Beans", 2, 4600, 4140),
        Line(477, 73, 74, "Tee Shirt - S", 1, 2500, 2250, meta=(store.new_meta("size", "S"),)),
    )
    order = Order(
        id=204,
        status="pending",
        currency="USD",
        created=MOMENT,
        modified=MOMENT,
        customer_id=14,
        billing={"first_name": "Réc", "email": "rec@example.test", "country": "US"},
        shipping={"country": "US", "state": "CA"},
        lines=tuple(orders.taxed(store, line) for line in lines),
        shipping_lines=(ShippingLine(478, "Flat rate", "flat_rate", 500),),
        payment_method="cod",
        payment_title="COD",
        meta=(store.new_meta("_src", "rec"), store.new_meta("src", "rec")),
    )
    orders.place(store, order, set_paid=True)
    other = Order(209, "pending", "USD", MOMENT, MOMENT, 0, {}, {}, ())
    other.lines = (orders.new_line(store, 71, 0, 1),)
    orders.place(store, other)


def give_back(store: Store, *amounts: int) -> None:
    """Refund parts of order 204; the second of them is line 475."""
    for number, amount in enumerate(amounts):
        lines = ((475, 1, amount),) if number == 1 else ()
        store._post_ids = count(205 + number)
        request = refunds.RefundRequest(amount, "partial", lines, 1, False, True)
        refunds.create(store, store.orders[204], request)
    store._post_ids = count(300)
