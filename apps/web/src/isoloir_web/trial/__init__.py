"""Elections for trying out: an instance made from an election's file, people on its roll, and its whole life."""
