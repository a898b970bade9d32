"""The token may create and delete advertising; the client can only read."""

from __future__ import annotations

import pytest

from zakaz_dagster.errors import Fatal
from zakaz_dagster.sources.vk_ads.api import ApiConfig, VkAdsApi


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/v2/ad_plans.json"),
        ("DELETE", "/api/v2/ad_groups/7.json"),
        ("POST", "/api/v2/banners/mass_action.json"),
        ("POST", "/api/v2/oauth2/token/delete.json"),
        ("GET", "/api/v2/agency/clients.json"),
        ("GET", "/api/v1/urls/"),
        ("GET", "/api/v2/ad_plans.json/../x"),
    ],
)
def test_everything_else_is_refused_before_it_is_sent(method, path, tmp_path):
    config = ApiConfig("http://127.0.0.1:9", "id", "a-secret", tmp_path / "vk.json")
    with pytest.raises(Fatal, match="not on the list of allowed requests"):
        VkAdsApi(config).http.request(method, path)
