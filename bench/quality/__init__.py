"""How good the recommendations are on real purchases, beside simple and well-known rivals."""
