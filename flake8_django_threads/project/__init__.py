"""LINKING: which file a name leads to."""
