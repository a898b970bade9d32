"""Report mails in Dagster, and the failover that lets them stand in for QTickets."""
