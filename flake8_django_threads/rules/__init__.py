"""POLICY: one file for each code."""
