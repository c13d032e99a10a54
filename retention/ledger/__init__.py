"""The ledger of points: lots, the entries that change them, and the proof that all agrees."""
