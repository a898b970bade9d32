"""What a group of settings is: its variables, which of them it needs, and what it finds wrong with two of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, SecretStr

NO_SECRET = SecretStr("")


class Group(BaseModel):
    """One vendor's or one service's variables; `file` is the stem of its sample and of its secrets file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    prefix: ClassVar[str]
    file: ClassVar[str]
    needed: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def variable(cls, field: str) -> str:
        """The environment variable of a field."""
        return f"{cls.prefix}{field.upper()}"

    def missing(self) -> list[str]:
        """Names of the needed variables that have no value."""
        return [self.variable(name) for name in self.needed if not has_value(getattr(self, name))]

    def contradictions(self) -> Iterator[str]:
        """What two values say against each other, and what to do: the group is not usable like this."""
        gaps = self.missing()
        if gaps and self.model_fields_set & set(self.needed):
            given = sorted(self.variable(name) for name in self.model_fields_set & set(self.needed))
            yield f"{', '.join(given)} is set, but {', '.join(gaps)} is not: set both, or neither"

    def doubts(self) -> Iterator[str]:
        """What works and is hardly meant, and what to do."""
        return iter(())


def has_value(value: object) -> bool:
    """Whether somebody has set it."""
    return bool(value.get_secret_value()) if isinstance(value, SecretStr) else value not in (None, "", ())
