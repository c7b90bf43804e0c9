"""Reading a roll from a file: previewed first, then put on the roll whole, or not at all."""

from isoloir.roll_import.findings import LineError, LineWarning
from isoloir.roll_import.importing import Imported, import_roll
from isoloir.roll_import.preview import Preview, read_roll

__all__ = ["Imported", "LineError", "LineWarning", "Preview", "import_roll", "read_roll"]
