"""TEXT to FACTS: ordered records of what a module says, knowing Python and nothing of Django."""
