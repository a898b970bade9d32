"""HTTP once for every vendor: pace, retries, redaction, request log.

Belongs here: what is true of any HTTP call. Does not: a vendor's errors, fields or paging
rules (`sources/<vendor>/api.py`).
"""
