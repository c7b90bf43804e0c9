"""`python -m isoloir_ballots`: the same as `isoloir-verify`."""

import sys

from .commands import main

if __name__ == "__main__":
    sys.exit(main())
