"""What to tell people, as pure messages beside a thin sender."""
