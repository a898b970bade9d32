"""The laptop's world: a made-up organiser, a local ClickHouse, the stack of services. Never part of production."""
