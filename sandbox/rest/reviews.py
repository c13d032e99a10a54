"""Routes of product reviews."""

from flask import Blueprint, Response

from sandbox import clock
from sandbox.errors import RestError
from sandbox.payloads.common import Payload, links
from sandbox.records import Review
from sandbox.rest import exchange, validation
from sandbox.store import Store

routes = Blueprint("reviews", __name__)
LIST_SCHEMA: dict[str, validation.Check] = {
    **exchange.PAGE_SCHEMA,
    "orderby": validation.one_of("date", "date_gmt", "id", "include", "product"),
    "status": validation.one_of("all", "hold", "approved", "spam", "trash"),
}


def review_payload(store: Store, review: Review) -> Payload:
    """The body of GET products/reviews/<id>."""
    product = store.products[review.product_id]
    created, created_gmt = clock.both_texts(review.created, store.zone)
    return {
        "id": review.id,
        "date_created": created,
        "date_created_gmt": created_gmt,
        "product_id": review.product_id,
        "product_name": product.name,
        "product_permalink": f"{store.url}/product/{product.slug}/",
        "status": "approved",
        "reviewer": review.reviewer,
        "reviewer_email": review.reviewer_email,
        "review": review.review,
        "rating": review.rating,
        "verified": False,
        "_links": links(store, "products/reviews", review.id),
    }


@routes.get("/products/reviews")
def list_reviews() -> Response:
    """GET products/reviews."""
    validation.check_all(exchange.query(), LIST_SCHEMA)
    store = exchange.services().store
    with store.lock:
        rising = exchange.query().get("order") == "asc"
        found = sorted(store.reviews.values(), key=lambda review: review.id, reverse=not rising)
    return exchange.page(found, lambda review: review_payload(store, review))


@routes.post("/products/reviews")
def create_review() -> Response:
    """POST products/reviews."""
    body = exchange.body()
    validation.require(body, "product_id")
    validation.require(body, "review")
    validation.check_all(body, {"product_id": validation.integer, "rating": validation.integer})
    store = exchange.services().store
    with store.lock:
        if int(body["product_id"]) not in store.products:
            raise RestError("woocommerce_rest_product_invalid_id", "Invalid product ID.", 404)
        review = Review(
            id=max(store.reviews, default=0) + 1,
            product_id=int(body["product_id"]),
            created=clock.now(),
            reviewer=str(body.get("reviewer", "")),
            reviewer_email=str(body.get("reviewer_email", "")),
            review=str(body["review"]),
            rating=int(body.get("rating") or 0),
        )
        store.reviews[review.id] = review
        payload = review_payload(store, review)
    location = f"products/reviews/{review.id}"
    return exchange.answer(payload, 201, allow=exchange.COLLECTION_ALLOW, location=location)
