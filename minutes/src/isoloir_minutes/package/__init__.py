"""The package that is kept two years: everything that CGFP R.211-580 lists and an instance has, in one file.

A plain tar, its members sorted, dated at the last act and owned by nobody, so that the same election gives the same
bytes; the first member is a manifest of the SHA-256 and size of all others.
"""

from isoloir_minutes.package.making import make
from isoloir_minutes.package.manifest import FORMAT, MANIFEST
from isoloir_minutes.package.verifying import Verified, verify

__all__ = ["FORMAT", "MANIFEST", "Verified", "make", "verify"]
