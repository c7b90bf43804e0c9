"""Vectors that another implementation can use, and the script that makes them."""
