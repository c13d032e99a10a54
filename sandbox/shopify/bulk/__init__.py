"""Bulk operations: a query over everything, answered by a file."""
