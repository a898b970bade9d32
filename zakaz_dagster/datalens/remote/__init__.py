"""The dashboard in DataLens itself: planned against a state file, created or updated through the official client."""
