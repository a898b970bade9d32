"""Where the organiser tours: cities, their ids and IANA zones as QTickets names them, and how tags spell them."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class City:
    """One city of the route; `spellings` are what marketers write in tags, the usual one first."""

    id: int
    name: str
    zone: str
    latitude: float
    longitude: float
    spellings: tuple[str, ...]

    @property
    def slug(self) -> str:
        return self.spellings[0]

    @property
    def tzinfo(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


CITIES = (
    City(24, "Томск", "Asia/Krasnoyarsk", 56.48, 84.95, ("tomsk", "Tomsk", "томск")),
    City(31, "Барнаул", "Asia/Novokuznetsk", 53.35, 83.77, ("barnaul", "барнаул")),
    City(7, "Новосибирск", "Asia/Novosibirsk", 55.03, 82.92, ("novosibirsk", "nsk")),
    City(18, "Красноярск", "Asia/Krasnoyarsk", 56.01, 92.87, ("krasnoyarsk", "KRASNOYARSK")),
    City(52, "Кемерово", "Asia/Novokuznetsk", 55.35, 86.09, ("kemerovo",)),
    City(61, "Новокузнецк", "Asia/Novokuznetsk", 53.76, 87.13, ("novokuznetsk", "новокузнецк")),
    City(279, "Прокопьевск", "Asia/Novosibirsk", 53.89, 86.72, ("prokopyevsk", "прокопьевск")),
    City(283, "Междуреченск", "Asia/Novokuznetsk", 53.69, 88.06, ("mezhdurechensk",)),
    City(
        97,
        "Комсомольск-на-Амуре",
        "Asia/Vladivostok",
        50.55,
        137.01,
        ("komsomolsk-na-amure", "komsomolsk_na_amure", "комсомольск-на-амуре"),
    ),
    City(42, "Хабаровск", "Asia/Vladivostok", 48.48, 135.07, ("khabarovsk", "хабаровск")),
    City(44, "Владивосток", "Asia/Vladivostok", 43.12, 131.89, ("vladivostok",)),
    City(33, "Иркутск", "Asia/Irkutsk", 52.29, 104.28, ("irkutsk",)),
    City(71, "Чита", "Asia/Chita", 52.03, 113.50, ("chita", "чита")),
    City(26, "Омск", "Asia/Omsk", 54.99, 73.37, ("omsk", "омск")),
    City(311, "Берёзовский", "Asia/Novokuznetsk", 55.67, 86.25, ("берёзовский", "berezovskiy")),
)

# A town that no list of ours has; it lies in the zone of the stop it takes the place of.
UNKNOWN_CITIES, UNKNOWN_NAME, UNKNOWN_ID = "unknown_cities", "Усть-Кемь", 9001
