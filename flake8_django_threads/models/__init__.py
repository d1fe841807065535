"""WORLD: the rows that say what spawns, what touches the database and what closes it."""
