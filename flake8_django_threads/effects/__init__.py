"""MEANING: what a flow tree does to the connection, and where code is handed to another thread."""
