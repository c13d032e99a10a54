"""Composition: settings, the app, the command line and the embedded services."""
