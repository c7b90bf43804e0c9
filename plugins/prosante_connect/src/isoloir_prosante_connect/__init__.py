"""Pro Santé Connect for Isoloir: CPS and e-CPS over OpenID Connect."""
