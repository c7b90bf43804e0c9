"""A voter's whole journey, and what it asks of the database: what tests and people share who count it."""
