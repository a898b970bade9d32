"""Yandex Direct (API v5): reports by ad and day, and the landing URLs behind them."""
