"""A plain HTTP client of the vendor: these tests prove the sandbox, so nothing of the product's own clients is used."""

from __future__ import annotations

import httpx
import pytest


class Vendor:
    def __init__(self, base_url, token):
        self.http = httpx.Client(
            base_url=base_url,
            headers={"Authorization": f"Bearer {token}"} if token else {},
            timeout=30,
            trust_env=False,
        )

    def get(self, path, body=None, **extra):
        return self.http.request("GET", path, json=body, **extra)

    def rows(self, path, body=None):
        answer = self.get(path, body)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def all(self, path, **body):
        """Every row of a list, page by page, as the contract says to walk it."""
        found, page, pages = [], 1, 1
        while page <= pages:
            answer = self.get(path, {**body, "page": page}).json()
            paging = answer["paging"]
            pages = -(-paging["total"] // paging["perPage"])
            found += answer["data"]
            page += 1
        return found


@pytest.fixture
def vendor():
    """`vendor(sandbox)` is a client of its QTickets."""
    opened = []

    def make(sandbox, base="/qtickets/api/rest/v1", token=None):
        opened.append(Vendor(sandbox.url + base, sandbox.token if token is None else token))
        return opened[-1]

    yield make
    for client in opened:
        client.http.close()


@pytest.fixture
def qtickets(vendor, sandbox):
    return vendor(sandbox)
