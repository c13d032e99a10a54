"""All that speaks to the outside world: one protocol, a package per platform."""
