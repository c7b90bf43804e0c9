"""Voters who log in at a real Keycloak, for every suite that needs one."""
