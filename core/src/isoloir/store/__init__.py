"""What is kept: tables of the roll side and of the box side, and the only code that speaks SQL."""
