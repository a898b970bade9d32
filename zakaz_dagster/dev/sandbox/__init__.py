"""A seeded world and the vendors' HTTP protocols on top of it. Shares no code with the clients it tests."""
