"""What an instance and an election are told: settings, election file, secrets."""
