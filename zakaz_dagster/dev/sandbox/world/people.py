"""Buyers: invented people whose every trace carries a marker, so that a test can prove that none of it got through."""

from __future__ import annotations

from dataclasses import dataclass

FIRST_NAMES = ("Бармаглотта", "Хрюндель", "Жужелинда", "Пупырислав", "Мяукентий", "Кваклавдия", "Дыркоплюс", "Шуршанна")
SURNAMES = ("Тыквохвостова", "Зюзюмаркер", "Несуществуйко", "Пряниконос", "Выдумкина", "Фантикодуб", "Понарошкин")
MAIL_DOMAIN = "planted-buyer.example"
PHONE_PREFIX = "+7999555"
CLIENT_BASE = 777_000_000_000
PEOPLE_STEP = 100_000
PEOPLE = 90_000  # so that every client id begins with the same seven digits
CARD = "427699******7777"


@dataclass(frozen=True, slots=True)
class Person:
    """One buyer as QTickets shows him."""

    number: int

    @property
    def client_id(self) -> int:
        return CLIENT_BASE + self.number

    @property
    def first_name(self) -> str:
        return FIRST_NAMES[self.number % len(FIRST_NAMES)]

    @property
    def surname(self) -> str:
        return SURNAMES[self.number % len(SURNAMES)]

    @property
    def email(self) -> str:
        return f"b{self.number}@{MAIL_DOMAIN}"

    @property
    def phone(self) -> str:
        return f"{PHONE_PREFIX}{self.number % 10_000:04d}"


def markers() -> dict[str, list[str]]:
    """What to search for: any of these outside the vendor's own answer is a leak of personal data."""
    return {
        "names": [*FIRST_NAMES, *SURNAMES],
        "emails": [MAIL_DOMAIN],
        "phones": [PHONE_PREFIX, PHONE_PREFIX[1:]],
        "cards": [CARD],
        "client_ids": [str(CLIENT_BASE // PEOPLE_STEP)],
    }
