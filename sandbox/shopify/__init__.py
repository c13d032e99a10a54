"""A pretend Shopify shop: it executes GraphQL documents over the pretend store's data."""
