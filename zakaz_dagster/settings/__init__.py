"""Every environment variable of the platform, typed, in groups; read at the entry points only.

    group    what a group of settings is
    groups   names, types, defaults, help; `vendors` those of the vendors' accounts
    values   what a value has to look like, in checks and in words
    given    where values stand: the environment first, then secrets/<group>.env (or .env.<group>) beside the
             project, or in ZAKAZ_SECRETS_DIR (/dev/null: none); other names of the same settings; encodings, modes

Loading never fails. What is wrong is kept in `faults`, a sentence each, and the services that need it refuse to start.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import SecretStr, ValidationError

from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.private_files import read_private
from zakaz_dagster.redaction import register
from zakaz_dagster.settings.given import FOLDER_VARIABLE, Found, Given, is_ours, read
from zakaz_dagster.settings.group import Group, has_value
from zakaz_dagster.settings.groups import (
    GROUPS,
    SOURCES,
    Alerts,
    Backup,
    ClickHouse,
    DataLens,
    Health,
    Platform,
    Webhooks,
)
from zakaz_dagster.settings.values import expected, is_loopback
from zakaz_dagster.settings.vendors import Direct, Gmail, QTickets, VkAds

__all__ = ["GROUPS", "SOURCES", "Gmail", "Group", "Settings", "has_value", "is_ours"]

LONGEST_SHOWN = 60


class Settings:
    """All groups. A malformed value is a fault of its group, and the default stands in its place."""

    platform: Platform
    clickhouse: ClickHouse
    qtickets: QTickets
    vk_ads: VkAds
    direct: Direct
    gmail: Gmail
    alerts: Alerts
    health: Health
    datalens: DataLens
    backup: Backup
    webhooks: Webhooks

    def __init__(self, secrets_dir: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        folder = secrets_dir or Path(environment.get(FOLDER_VARIABLE) or PROJECT_ROOT / "secrets")
        self.folder = folder
        found = read(environment, folder)
        self._faults: dict[str, list[str]] = {name: [] for name in GROUPS}
        for name, text in found.faults:
            self._faults[name].append(text)
        self.warnings: list[str] = list(found.warnings)
        for name, kind in GROUPS.items():
            group, refused = _built(kind, found)
            setattr(self, name, group)
            self._faults[name] += refused.values()
            self._faults[name] += [text for text in group.contradictions() if not any(one in text for one in refused)]
            self.warnings += group.doubts()
        self._find_local_password()
        register(*self.secrets())

    def _find_local_password(self) -> None:
        """The password that `zakaz clickhouse serve` made for itself, where no other is set."""
        given, file = self.clickhouse, self.platform.data_dir / "clickhouse" / "password"
        ours = given.user == "default" and is_loopback(given.host) and not has_value(given.password)
        if ours and file.is_file():
            self.clickhouse = given.model_copy(update={"password": SecretStr(read_private(file).decode().strip())})
            self.clickhouse.model_fields_set.discard("password")  # nobody has set it

    @property
    def faults(self) -> list[str]:
        """Every fault, a sentence each: the setting, what it is, what was expected, what to do."""
        return [fault for faults in self._faults.values() for fault in faults]

    def faults_of(self, *groups: str) -> list[str]:
        """The faults of these groups and of the installation as a whole."""
        return [fault for name in dict.fromkeys(("platform", *groups)) for fault in self._faults[name]]

    def secrets(self) -> Iterator[str]:
        """Every secret value that is set."""
        for name in GROUPS:
            for value in dict(getattr(self, name)).values():
                if isinstance(value, SecretStr) and has_value(value):
                    yield value.get_secret_value()

    def need(self, *groups: str) -> None:
        """Refuse to go on unless these groups are usable; one ConfigFault names every fault and gap at once."""
        faults = self.faults_of(*groups)
        missing = [variable for name in groups for variable in getattr(self, name).missing()]
        gaps = [
            f"{name} is not set" for name in missing if not any(fault.startswith(f"{name} in ") for fault in faults)
        ]
        faults = list(dict.fromkeys(faults + gaps))
        if faults:
            raise ConfigFault(
                "; ".join(faults),
                source="settings",
                next_step="set them in the environment or in secrets/*.env (configs/ has a sample of each file)",
            )


def _built(kind: type[Group], found: Found) -> tuple[Group, dict[str, str]]:
    """The group, and a sentence for each variable whose value it does not take."""
    names = {field: kind.variable(field) for field in kind.model_fields}
    given = {field: found.values[name] for field, name in names.items() if name in found.values}
    refused = {}
    try:
        return kind(**{field: one.text for field, one in given.items()}), {}
    except ValidationError as error:
        for item in error.errors(include_input=False, include_url=False):
            field = str(item["loc"][0])
            if field in given:
                reason = str(item.get("ctx", {}).get("error", ""))
                refused[names[field]] = _sentence(kind, field, given.pop(field), reason)
    return kind(**{field: one.text for field, one in given.items()}), refused


def _sentence(kind: type[Group], field: str, given: Given, reason: str) -> str:
    """`NAME=value in <origin> <what is wrong>: expected <shape>`; a secret's value is not shown."""
    about = kind.model_fields[field]
    hidden = "SecretStr" in str(about.annotation)
    text = given.text if len(given.text) <= LONGEST_SHOWN else given.text[:LONGEST_SHOWN] + "…"
    shown = kind.variable(field) if hidden else f"{kind.variable(field)}={text}"
    return f"{shown} in {given.origin} {reason or 'is not usable'}: expected {expected(about)}"
