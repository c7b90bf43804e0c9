"""Tools for the organiser who uses Pro Santé Connect: their own Keycloak as its broker (extra `keycloak`)."""
