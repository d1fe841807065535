"""Runs the code of a repair on a real database, before and after the edit."""
