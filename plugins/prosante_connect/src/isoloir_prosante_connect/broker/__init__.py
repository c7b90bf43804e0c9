"""The organiser's own Keycloak as the broker of Pro Santé Connect: made, and looked over (extra `keycloak`)."""
