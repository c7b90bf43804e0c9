"""The Isoloir web application: voters, public ballot box, demonstration."""
