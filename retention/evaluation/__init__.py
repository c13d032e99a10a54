"""How good recommendations and predictions are on purchases that came later."""
