"""Orders from the CSV files that stores and their plugins export, read into our records."""

from connector.exports.formats import FORMATS, open_export
from connector.exports.reading import Export, Found, Origin, Problem

__all__ = ["FORMATS", "Export", "Found", "Origin", "Problem", "open_export"]
