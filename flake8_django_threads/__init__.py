"""Find Django code that runs in another thread and leaks its database connection."""

__version__ = "0.1.0"
