"""E-mail by SMTP, for Isoloir."""
