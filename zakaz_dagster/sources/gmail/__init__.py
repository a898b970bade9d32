"""Gmail: the sales reports that QTickets mails, the backup channel."""
