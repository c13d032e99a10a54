"""Pure computation over tables: it knows no database, no network and no clock of its own."""
