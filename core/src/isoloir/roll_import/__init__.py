"""Reading a roll from a file: previewed first, then put on the roll whole, or not at all."""

from isoloir.roll_import.preview import LineError, LineWarning, Preview, import_roll, read_roll

__all__ = ["LineError", "LineWarning", "Preview", "import_roll", "read_roll"]
