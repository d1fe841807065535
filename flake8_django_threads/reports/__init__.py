"""FINDINGS to TEXT: what a run found, for people and for other programs. One file, one format."""
