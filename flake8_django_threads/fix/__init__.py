"""REMEDY to EDIT: the only room that imports libcst."""
