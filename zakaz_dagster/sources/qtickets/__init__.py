"""QTickets: orders with tickets, events with shows, seat inventory."""
