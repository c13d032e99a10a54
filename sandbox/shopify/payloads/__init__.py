"""Bodies of webhooks, in the shape of Shopify's former REST API."""
