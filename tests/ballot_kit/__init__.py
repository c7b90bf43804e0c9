"""What tests of ballots and archives share: small elections with their secrets, and programs that are not ours."""
