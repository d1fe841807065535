"""Stands for the answer of a view."""


class Response:
    """Nothing of it is looked at."""
