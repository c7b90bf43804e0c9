"""Attacks on a login at a provider of identity, through the whole site: who refuses each, and that none lets in."""
