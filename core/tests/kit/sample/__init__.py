"""A plugin that keeps every promise; the tests of the kit break them one at a time."""
