"""The compiled loops behind counting pairs and keeping lists; products and orders are places."""
