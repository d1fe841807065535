"""FLOW: the abstract interpreter and the resolved flow tree that it writes."""
