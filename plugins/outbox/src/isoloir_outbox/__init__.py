"""The demonstration's outbox: messages that are shown, not sent. For Isoloir."""
