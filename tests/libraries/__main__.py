"""``python -m libraries``: writes the rows that are derived, or checks them; see derive.py."""

import sys

# Sets Django up, so it comes first.
from libraries import conftest, derive  # noqa: F401

sys.exit(derive.main(sys.argv[1:]))
