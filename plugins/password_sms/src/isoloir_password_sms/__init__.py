"""A one-time password sent to the voter's mobile, for Isoloir."""
