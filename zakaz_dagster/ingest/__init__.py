"""From a vendor's days and mails to the warehouse: reading ahead, proving, replacing, keeping the ledger."""
