"""Measurements of the product on this machine: `make bench` runs them all."""
