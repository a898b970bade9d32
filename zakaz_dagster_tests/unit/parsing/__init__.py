"""Text to value: every case of the vendors' notes by example, every rule by property."""
