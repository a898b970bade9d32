"""Names of events and shows: the normal form by which they are compared in every channel."""

from zakaz_dagster.parsing.cities import words_of


def name_key(text: str) -> str:
    """The words of a name: letters and digits, «ё» as «е»; «Шоу „Ёлка“!» and `шоу елка` are one; idempotent."""
    return " ".join(words_of(text))
