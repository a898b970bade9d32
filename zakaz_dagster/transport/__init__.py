"""HTTP, once: client, verdicts, pages, redaction."""
