"""Text to value: cities, dates, numbers, UTM. Standard library only; no I/O, no clock."""
