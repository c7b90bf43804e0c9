"""``isoloir minutes`` and ``isoloir archive``."""
