"""Guards of the code, each taken out in turn: some test must notice. `make guards` runs all of `guards.toml`."""
