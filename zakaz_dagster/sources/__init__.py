"""Vendors, one folder each: api speaks the protocol, records is the vendor's shape, rows ours, source joins them."""
