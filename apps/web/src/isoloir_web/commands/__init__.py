"""Commands that this distribution adds to `isoloir`."""
