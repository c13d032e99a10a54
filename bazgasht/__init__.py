"""Composition of the product: settings, application, command line and embedded services."""
