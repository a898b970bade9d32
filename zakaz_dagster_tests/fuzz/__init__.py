"""Broken inputs of every kind through every reader: rows and rejects, or a failure with a name; never a traceback."""
