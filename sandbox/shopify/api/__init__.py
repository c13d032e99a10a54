"""The GraphQL Admin API of the pretend shop."""
