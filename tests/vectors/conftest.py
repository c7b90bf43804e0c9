"""Held to the same by every library that may compute."""

from ballot_kit.arithmetics import *  # noqa: F403
