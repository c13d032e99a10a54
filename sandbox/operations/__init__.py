"""What can happen in a store, each with the webhook events that a running store fires."""
