"""What `isoloir-verify` asks of an archive beyond that it verifies, and how it says so to people."""
