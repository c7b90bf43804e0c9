"""The election core of Isoloir: plugin contract, login policy, roll, ballot box, lifecycle."""
