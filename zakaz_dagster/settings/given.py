"""Where values stand: the environment, and the files of `secrets/`; each value with its origin.

Belongs here: names (ours, those of earlier samples, those that mean nothing any more), files, their encoding and their
modes. Does not: what a value has to look like (`values`).
"""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from zakaz_dagster.settings.groups import GROUPS

FOLDER_VARIABLE = "ZAKAZ_SECRETS_DIR"
KNOWN = {group.variable(name): (key, name) for key, group in GROUPS.items() for name in group.model_fields}
SECRET = {name for name, (key, one) in KNOWN.items() if "SecretStr" in str(GROUPS[key].model_fields[one].annotation)}
# Names of the customer's specification and of ClickHouse's own image, with ours.
ALIASES = {
    "SMTP_HOST": "ALERT_SMTP_HOST",
    "SMTP_PORT": "ALERT_SMTP_PORT",
    "SMTP_USER": "ALERT_SMTP_USER",
    "SMTP_PASSWORD": "ALERT_SMTP_PASSWORD",
    "SMTP_USE_TLS": "ALERT_SMTP_SECURITY",
    "CH_HOST": "CLICKHOUSE_HOST",
    "CH_PORT": "CLICKHOUSE_PORT",
    "CH_USER": "CLICKHOUSE_USER",
    "CH_PASSWORD": "CLICKHOUSE_PASSWORD",
    "CH_DATABASE": "CLICKHOUSE_DATABASE",
    "CH_SECURE": "CLICKHOUSE_SECURE",
    "CLICKHOUSE_DB": "CLICKHOUSE_DATABASE",
    "CLICKHOUSE_USER_WRITE": "CLICKHOUSE_USER",
    "CLICKHOUSE_PASSWORD_WRITE": "CLICKHOUSE_PASSWORD",
    "CLICKHOUSE_VERIFY_SSL": "CLICKHOUSE_VERIFY",
    "QTICKETS_TIMEOUT": "QTICKETS_TIMEOUT_SECONDS",
    "VK_TIMEOUT": "VK_ADS_TIMEOUT_SECONDS",
    "DIRECT_LOGIN": "DIRECT_LOGINS",
    "DIRECT_TIMEOUT": "DIRECT_TIMEOUT_SECONDS",
    "GMAIL_CREDENTIALS_PATH": "GMAIL_CREDENTIALS_FILE",
    "GMAIL_CREDS_PATH": "GMAIL_CREDENTIALS_FILE",
    "GMAIL_TOKEN_PATH": "GMAIL_TOKEN_FILE",
    "GMAIL_EMAIL_ADDRESS": "GMAIL_DELEGATE",
    "GMAIL_TIMEOUT": "GMAIL_TIMEOUT_SECONDS",
    "DECIMAL_COMMA": "GMAIL_DECIMAL_COMMA",
    "LOG_JSON": "ZAKAZ_LOG_JSON",
}
_BY_ITSELF = "loads look back by themselves, older days are a backfill; remove it"
_OLD_VK = "it belongs to VK's old interface; set VK_ADS_CLIENT_ID and VK_ADS_CLIENT_SECRET of the new cabinet"
# Names of the specification's samples that nothing here reads, with what to do instead.
RETIRED = {
    "VK_TOKEN": _OLD_VK,
    "VK_ACCOUNT_IDS": _OLD_VK,
    "VK_API_URL": _OLD_VK,
    "VK_API_VERSION": _OLD_VK,
    "VK_DAYS_BACK": _BY_ITSELF,
    "QTICKETS_DAYS_BACK": _BY_ITSELF,
    "QTICKETS_SINCE_HOURS": _BY_ITSELF,
    "QTICKETS_INITIAL_BACKFILL_HOURS": _BY_ITSELF,
    "DIRECT_DAYS_BACK": _BY_ITSELF,
    "QTICKETS_API_URL": "the address is QTICKETS_BASE_URL, whose default is the vendor's; remove it",
    "DIRECT_API_URL": "the address is DIRECT_BASE_URL, whose default is the vendor's; remove it",
    "DIRECT_CLIENT_ID": "the OAuth token alone is enough; remove it",
    "LOG_LEVEL": "every line that matters is logged; remove it",
    "LOG_FILE": "the log goes to standard error, where systemd keeps it; remove it",
}
_OTHER_STEMS = {"ch": "clickhouse"}
_PREFIXES = (*(group.prefix for group in GROUPS.values()), "SMTP_", "VK_")
_LIKELY = 0.82  # a name this near to one of ours is a slip of the pen, not another program's


@dataclass(frozen=True)
class Given:
    """A value as text, and where it stands."""

    text: str
    origin: str


@dataclass
class Found:
    """All values by our own names; what is wrong, by the group it is about; what is odd."""

    values: dict[str, Given] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)

    def add(self, name: str, given: Given) -> None:
        """One more value; the same setting twice is a fault unless both say the same."""
        before = self.values.setdefault(name, given)
        if before.text != given.text:
            text = f"{name} is given twice and differently, in {before.origin} and in {given.origin}: remove one"
            self.faults.append((KNOWN[name][0], text))


def is_ours(variable: str) -> bool:
    """Whether an environment variable belongs to the platform, under any of its names."""
    return variable.startswith(_PREFIXES) or variable in ALIASES or variable in RETIRED


def read(environment: Mapping[str, str], folder: Path) -> Found:
    """Files first, the environment above them; with /dev/null for a folder, no files."""
    found = Found()
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            _read_file(found, path)
    elif environment.get(FOLDER_VARIABLE) and folder != Path(os.devnull):
        found.faults.append(("platform", f"{FOLDER_VARIABLE}={folder}: no such folder; create it (mode 0700)"))
    above = Found()
    for name, text in sorted(environment.items()):
        if name != FOLDER_VARIABLE and is_ours(name):
            _take(above, name, Given(text, "the environment"), in_file="")
    return Found({**found.values, **above.values}, found.faults + above.faults, found.warnings + above.warnings)


def _take(found: Found, name: str, given: Given, *, in_file: str) -> None:
    """Sort one NAME=value in: ours, another name of ours, without meaning, or unknown."""
    if name in RETIRED:
        found.warnings.append(f"{name} in {given.origin} has no effect: {RETIRED[name]}")
    elif name not in KNOWN and name not in ALIASES:
        _unknown(found, name, given, in_file)
    elif given.text.strip():
        text = _security(given.text) if name == "SMTP_USE_TLS" else given.text.strip()
        found.add(ALIASES.get(name, name), Given(text, given.origin))


def _security(use_tls: str) -> str:
    """SMTP_USE_TLS=true of the specification as a value of ALERT_SMTP_SECURITY."""
    return {"true": "starttls", "1": "starttls", "yes": "starttls", "false": "none", "0": "none", "no": "none"}.get(
        use_tls.strip().lower(), use_tls
    )


def _unknown(found: Found, name: str, given: Given, in_file: str) -> None:
    """Told with the nearest name; a fault in our own files, and where it is plainly a slip of the pen."""
    nearest = difflib.get_close_matches(name.upper(), [*KNOWN, *ALIASES], n=1, cutoff=0.5)
    hint = f"did you mean {nearest[0]}?" if nearest else "`zakaz doctor --all` lists every name"
    text = f"{name} in {given.origin} is not a setting: {hint}"
    near = bool(difflib.get_close_matches(name.upper(), nearest, cutoff=_LIKELY))
    if in_file or near:
        group = KNOWN[ALIASES.get(nearest[0], nearest[0])][0] if near else in_file
        found.faults.append((group, text))
    else:
        found.warnings.append(text)


def _read_file(found: Found, path: Path) -> None:
    """One file of the folder; what is no environment file (keys, certificates, samples) is not looked at."""
    stem = _stem(path)
    if stem is None or not path.is_file():
        return
    known = {group.file: key for key, group in GROUPS.items()}
    key = known.get(_OTHER_STEMS.get(stem, stem))
    if key is None:
        nearest = difflib.get_close_matches(stem, known, n=1, cutoff=0.0)[0]
        found.faults.append(("platform", f"{_shown(path)} is not read: rename it to {nearest}.env, or move it away"))
        return
    own = Found()
    for line, binding in _bindings(own, key, path):
        origin = f"{_shown(path)} line {line}"
        if binding.error or binding.key is None or binding.value is None:
            own.faults.append((key, f"{origin} is no NAME=value: correct it, or put # before it"))
        else:
            _take(own, binding.key, Given(binding.value, origin), in_file=key)
    others = path.stat().st_mode & 0o007
    if others and SECRET & own.values.keys():
        mode = f"{path.stat().st_mode & 0o777:04o}"
        own.faults.append((key, f"{_shown(path)} holds secrets and everybody may open it (mode {mode}): chmod 600 it"))
    found.faults += own.faults
    found.warnings += own.warnings
    for name, given in own.values.items():
        found.add(name, given)


def _stem(path: Path) -> str | None:
    """`vk` for vk.env and .env.vk (a name of the specification), None for any other file."""
    if path.name.startswith(".env.") and path.suffix != ".sample":
        return path.name.removeprefix(".env.")
    return path.stem if path.suffix == ".env" else None


def _shown(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def _bindings(found: Found, key: str, path: Path) -> Iterator[tuple[int, Binding]]:
    """The assignments of a file with their line numbers; lines in another encoding are told and left out."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        found.faults.append((key, f"{_shown(path)} cannot be read ({error.strerror}): give it to the service's user"))
        return
    if b"\0" in raw:
        found.faults.append((key, f"{_shown(path)} is not UTF-8 (it looks like UTF-16): save it as UTF-8"))
        return
    lines = list(_lines(found, key, path, raw.removeprefix(b"\xef\xbb\xbf")))
    for binding in parse_stream(io.StringIO("\n".join(lines))):
        text = binding.original.string
        if binding.key is not None or binding.error:
            blank = len(text) - len(text.lstrip())
            yield binding.original.line + text[:blank].count("\n"), binding


def _lines(found: Found, key: str, path: Path, raw: bytes) -> Iterator[str]:
    for number, line in enumerate(raw.split(b"\n"), start=1):
        try:
            yield line.decode("utf-8").rstrip("\r")
        except UnicodeDecodeError:
            where = f"{_shown(path)} line {number} is not UTF-8 (it looks like Windows-1251)"
            if line.lstrip().startswith(b"#"):
                found.warnings.append(f"{where}; it is a comment and nothing is lost: save the file as UTF-8")
            else:
                found.faults.append((key, f"{where} and is not read: save the file as UTF-8"))
            yield ""
