"""QTickets in Dagster: sales, catalogue and seats, with what keeps them current."""
