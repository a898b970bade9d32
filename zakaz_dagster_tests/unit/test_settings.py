"""Settings cannot lie: a wrong value, name, file, encoding or mode is told in one sentence that names it."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from zakaz_dagster.alerts.incidents import QuietHours
from zakaz_dagster.errors import ConfigFault
from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.settings import GROUPS, Settings
from zakaz_dagster.timezone import today

# What is set, and words that the one sentence about it has: the name, what is wrong or expected.
WRONG = [
    ({"QTICKETS_PAGE_SIZE": "many"}, "QTICKETS_PAGE_SIZE=many", "a whole number from 1 to 1000"),
    ({"QTICKETS_PAGE_SIZE": "2000"}, "QTICKETS_PAGE_SIZE=2000", "from 1 to 1000"),
    ({"QTICKETS_BASE_URL": "not a url"}, "QTICKETS_BASE_URL=not a url", "an https address such as"),
    ({"VK_ADS_BASE_URL": "ads.vk.com"}, "VK_ADS_BASE_URL=ads.vk.com", "is not an address"),
    ({"DIRECT_BASE_URL": "http://api.direct.yandex.com/json"}, "DIRECT_BASE_URL", "without TLS"),
    ({"GMAIL_TOKEN_URI": "https://user:pw@host/"}, "GMAIL_TOKEN_URI", "more than scheme, host, port and path"),
    ({"ZAKAZ_UI_URL": "http://127.0.0.1:99999"}, "ZAKAZ_UI_URL=http://127.0.0.1:99999", "is not an address"),
    ({"DIRECT_LOGINS": ",,"}, "DIRECT_LOGINS=,,", "nothing between its commas"),
    ({"DIRECT_LOGINS": "first, first"}, "DIRECT_LOGINS", "names first twice"),
    ({"DIRECT_LOGINS": "zakaz-afisha,Zakaz.Afisha"}, "DIRECT_LOGINS", "one login twice, as zakaz-afisha and Zakaz.Afisha"),
    ({"DIRECT_LOGINS": "first;second"}, "DIRECT_LOGINS", "'first;second' is no login"),
    ({"ALERT_EMAIL_TO": "people at example.ru", "ALERT_SMTP_HOST": "mail"}, "ALERT_EMAIL_TO", "is no e-mail address"),
    ({"VK_ADS_VAT_PCT": "a lot"}, "VK_ADS_VAT_PCT=a lot", "a number from 0 to 100"),
    ({"VK_ADS_VAT_PCT": "2200"}, "VK_ADS_VAT_PCT=2200", "a number from 0 to 100"),
    ({"VK_ADS_VAT_EARLIER": "2026-01-01"}, "VK_ADS_VAT_EARLIER=2026-01-01", "is no day:rate"),
    ({"VK_ADS_VAT_EARLIER": "2026-01-01:20,2026-01-01:18"}, "VK_ADS_VAT_EARLIER", "names a day twice"),
    ({"VK_ADS_VAT_EARLIER": "2026-01-01:-5"}, "VK_ADS_VAT_EARLIER", "outside of 0 to 100"),
    ({"VK_ADS_REQUESTS_PER_SECOND": "0"}, "VK_ADS_REQUESTS_PER_SECOND=0", "above 0"),
    ({"DIRECT_TIMEOUT_SECONDS": "nan"}, "DIRECT_TIMEOUT_SECONDS=nan", "a number above 0"),
    ({"ALERT_QUIET_HOURS": "22-30"}, "ALERT_QUIET_HOURS=22-30", "two hours of the day such as 22-8"),
    ({"ALERT_QUIET_HOURS": "at night"}, "ALERT_QUIET_HOURS=at night", "two hours of the day"),
    ({"ZAKAZ_START_DATE": "2030-01-01"}, "ZAKAZ_START_DATE=2030-01-01", "lies in the future"),
    ({"ZAKAZ_START_DATE": "01.02.2024"}, "ZAKAZ_START_DATE=01.02.2024", "a past day such as 2024-01-31"),
    ({"ZAKAZ_START_DATE": "0024-01-01"}, "ZAKAZ_START_DATE=0024-01-01", "lies before 2010-01-01"),
    ({"CLICKHOUSE_HOST": "https://ch.example.ru:8443"}, "CLICKHOUSE_HOST", "is a URL, and the port has a setting"),
    ({"CLICKHOUSE_PORT": "99999"}, "CLICKHOUSE_PORT=99999", "from 1 to 65535"),
    ({"CLICKHOUSE_DATABASE": "zakaz-main"}, "CLICKHOUSE_DATABASE=zakaz-main", "small Latin letters, digits"),
    ({"CLICKHOUSE_SECURE": "maybe"}, "CLICKHOUSE_SECURE=maybe", "true or false"),
    ({"CLICKHOUSE_SECURE": "true", "CLICKHOUSE_CA_CERT": "/no/ca.pem"}, "CLICKHOUSE_CA_CERT", "no file that can be"),
    ({"DIRECT_REPORTS_VERSION": "v6"}, "DIRECT_REPORTS_VERSION=v6", "one of v5, v501"),
    ({"QTICKETS_TOKN": "abc"}, "QTICKETS_TOKN", "did you mean QTICKETS_TOKEN?"),
    ({"QTICKETS_TOKEN": "my token"}, "QTICKETS_TOKEN in", "letters that no key has"),
    ({"QTICKETS_TOKEN": "«токен»"}, "QTICKETS_TOKEN in", "letters that no key has"),
    ({"QTICKETS_TOKEN": "your_token_here"}, "QTICKETS_TOKEN in", "the placeholder of a sample"),
    ({"DIRECT_TOKEN": "y0"}, "DIRECT_TOKEN is set", "DIRECT_LOGINS is not"),
    ({"ALERT_SMTP_HOST": "mail.example.ru"}, "ALERT_SMTP_HOST is set", "ALERT_EMAIL_TO is not"),
    ({"ALERT_EMAIL_TO": "a@example.ru"}, "ALERT_EMAIL_TO is set", "ALERT_SMTP_HOST is not"),
    ({"HEALTH_DISK_ERROR_PCT": "20"}, "HEALTH_DISK_ERROR_PCT=20", "the error would come before the warning"),
    ({"HEALTH_EVERY_SECONDS": "1e9"}, "HEALTH_EVERY_SECONDS=1e9", "up to 86400"),
    ({"CLICKHOUSE_CLUSTER": "my cluster'"}, "CLICKHOUSE_CLUSTER=my cluster'", "letters, digits, _, . and -"),
    ({"CLICKHOUSE_VIEWS_DEFINER": "marts; DROP"}, "CLICKHOUSE_VIEWS_DEFINER=marts; DROP", "small Latin letters"),
    ({"CLICKHOUSE_PASSWORD": "change_me"}, "CLICKHOUSE_PASSWORD in", "the placeholder of a sample"),
    ({"ZAKAZ_PRIVACY_SALT": "<random>"}, "ZAKAZ_PRIVACY_SALT in", "the placeholder of a sample"),
    ({"CLICKHOUSE_SERVER_NAME": "ch.example.ru"}, "CLICKHOUSE_SERVER_NAME is set", "no certificate is looked at"),
    ({"BACKUP_S3_URL": "bucket/folder"}, "BACKUP_S3_URL=bucket/folder", "is not an address"),
    ({"BACKUP_S3_URL": "http://s3.example.ru/b"}, "BACKUP_S3_URL", "without TLS"),
    ({"ALERT_EMAIL_FROM": "Zakaz robot"}, "ALERT_EMAIL_FROM=Zakaz robot", "is no e-mail address"),
    ({"ALERT_APPRISE_URLS": "tgram://1/2,@chat"}, "ALERT_APPRISE_URLS in", "no URL of Apprise"),
    ({"GMAIL_EMAIL_ADDRESS": "box"}, "GMAIL_DELEGATE=box", "is no e-mail address"),
    ({"ALERT_QUIET_HOURS": "8"}, "ALERT_QUIET_HOURS=8", "two hours of the day"),
    ({"ALERT_QUIET_HOURS": "-1-5"}, "ALERT_QUIET_HOURS=-1-5", "two hours of the day"),
    ({"ZAKAZ_START_DATE": "2024-02-30"}, "ZAKAZ_START_DATE=2024-02-30", "a past day such as"),
    ({"GMAIL_ALLOWED_SENDERS": ", ,"}, "GMAIL_ALLOWED_SENDERS=, ,", "nothing between its commas"),
    ({"HEALTH_ALLOWED_HOSTS": "https://a.ru"}, "HEALTH_ALLOWED_HOSTS=https://a.ru", "is no host name"),
    ({"VK_ADS_VAT_EARLIER": "2026-13-01:20"}, "VK_ADS_VAT_EARLIER=2026-13-01:20", "is no day:rate"),
    ({"SMTP_PORT": "door"}, "ALERT_SMTP_PORT=door", "from 1 to 65535"),
    ({"ZAKAZ_SECRETS_DIR": "/nowhere/secrets"}, "ZAKAZ_SECRETS_DIR=/nowhere/secrets", "no such folder"),
]  # fmt: skip
FILES = [
    ("qtickets.env", "QTICKETS_TOKEN=сек\n".encode("cp1251"), "secrets/qtickets.env line 1 is not UTF-8"),
    ("vk.env", "VK_ADS_CLIENT_ID=1\n".encode("utf-16"), "secrets/vk.env is not UTF-8 (it looks like UTF-16)"),
    ("direct.env", b"DIRECT_TOKEN=y0\n\nDIRECT_LOGNS=a\n", "DIRECT_LOGNS in secrets/direct.env line 3"),
    ("gmail.env", b"# ok\nGMAIL_QUERY\n", "secrets/gmail.env line 2 is no NAME=value"),
    ("health.env", b"HOST=1.2.3.4\n", "HOST in secrets/health.env line 1 is not a setting"),
    ("qtiket.env", b"QTICKETS_TOKEN=abc\n", "secrets/qtiket.env is not read: rename it to qtickets.env"),
    (".env.vkads", b"VK_ADS_CLIENT_ID=1\n", "secrets/.env.vkads is not read: rename it to vk.env"),
    ("zakaz.env", b"ZAKAZ_LOG_JSON=true\nZAKAZ_LOG_JSON=false\n", "ZAKAZ_LOG_JSON is given twice and differently"),
]


@pytest.fixture
def secrets(tmp_path):
    folder = tmp_path / "secrets"
    folder.mkdir(mode=0o700)
    return folder


def write(folder, name, body):
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(("given", "name", "words"), WRONG, ids=[next(iter(given)) + "=" + next(iter(given.values())) for given, *_ in WRONG])  # fmt: skip
def test_a_wrong_setting_is_one_sentence_with_its_name_its_fault_and_its_shape(given, name, words, secrets):
    (fault,) = Settings(None if "ZAKAZ_SECRETS_DIR" in given else secrets, given).faults
    assert fault.startswith(name), fault
    assert words in fault, fault
    assert "\n" not in fault
    secret = given.get("QTICKETS_TOKEN", "")
    assert not secret or secret not in fault


@pytest.mark.parametrize(("name", "body", "words"), FILES, ids=[name for name, *_ in FILES])
def test_what_is_wrong_with_a_file_is_told_with_file_and_line(name, body, words, secrets):
    write(secrets, name, body)
    found = Settings(secrets, {}).faults
    assert [fault for fault in found if fault.startswith(words)], found


def test_only_the_wrong_value_falls_back_to_its_default_and_only_its_own_services_stop(secrets):
    settings = Settings(secrets, {"QTICKETS_TOKEN": "abc", "QTICKETS_PAGE_SIZE": "0", "ZAKAZ_PRIVACY_SALT": "x"})
    assert (settings.qtickets.token.get_secret_value(), settings.qtickets.page_size) == ("abc", 200)
    settings.need("clickhouse", "platform")
    with pytest.raises(ConfigFault, match="QTICKETS_PAGE_SIZE=0"):
        settings.need("qtickets")


@pytest.mark.parametrize(("group", "name"), [("webhooks", "WEBHOOKS_SECRET"), ("qtickets", "QTICKETS_TOKEN")])
def test_a_refused_secret_is_not_called_unset_as_well(secrets, group, name):
    with pytest.raises(ConfigFault, match=f"{name} in the environment") as refused:
        Settings(secrets, {name: "two words"}).need(group)
    assert f"{name} is not set" not in str(refused.value)
    with pytest.raises(ConfigFault, match=f"{name} is not set"):
        Settings(secrets, {}).need(group)


def test_a_fault_of_the_installation_stops_every_service(secrets):
    with pytest.raises(ConfigFault, match="ZAKAZ_START_DATE"):
        Settings(secrets, {"ZAKAZ_START_DATE": str(today() + timedelta(days=1))}).need("clickhouse")


def test_a_comment_in_another_encoding_is_told_and_costs_nothing(secrets):
    write(secrets, "qtickets.env", "# токен\nQTICKETS_TOKEN=abc\n".encode("cp1251"))
    settings = Settings(secrets, {})
    assert settings.qtickets.token.get_secret_value() == "abc"
    assert settings.faults == []
    assert [text for text in settings.warnings if "secrets/qtickets.env line 1 is not UTF-8" in text]


def test_files_and_names_of_the_specification_are_read(secrets):
    write(secrets, ".env.alerts", "SMTP_HOST=mail.example.ru\nSMTP_USER=robot\nSMTP_PASSWORD=pw\nSMTP_USE_TLS=true\n"
          "ALERT_EMAIL_TO=a@example.ru, b@example.ru\n")  # fmt: skip
    write(secrets, ".env.ch", "CH_HOST=ch.example.ru\nCH_SECURE=true\nCH_PASSWORD=pw\n")
    write(secrets, ".env.direct", "DIRECT_LOGIN=organiser\nDIRECT_TOKEN=y0_abc\nDIRECT_CLIENT_ID=12\n")
    write(secrets, ".env.qtickets", "QTICKETS_TOKEN=abc\n")
    write(secrets, ".env.vk", "VK_TOKEN=old\n")
    write(secrets, ".env.gmail", "GMAIL_EMAIL_ADDRESS=box@example.ru\n")
    settings = Settings(secrets, {})
    assert settings.faults == []
    assert settings.alerts.email_to == ("a@example.ru", "b@example.ru")
    assert (settings.alerts.smtp_host, settings.alerts.smtp_user) == ("mail.example.ru", "robot")
    assert (settings.alerts.smtp_password.get_secret_value(), settings.alerts.smtp_security) == ("pw", "starttls")
    assert (settings.clickhouse.host, settings.clickhouse.secure) == ("ch.example.ru", True)
    assert settings.direct.logins == ("organiser",)
    assert settings.qtickets.token.get_secret_value() == "abc"
    assert settings.gmail.delegate == "box@example.ru"
    told = " ".join(settings.warnings)
    assert "VK_TOKEN in secrets/.env.vk line 1 has no effect: it belongs to VK's old interface" in told
    assert "DIRECT_CLIENT_ID in secrets/.env.direct line 3 has no effect" in told


def test_secrets_that_everybody_may_read_are_an_error_and_other_settings_are_not(secrets):
    write(secrets, "qtickets.env", "QTICKETS_TOKEN=abc\n").chmod(0o644)
    write(secrets, "health.env", "HEALTH_PORT=8081\n").chmod(0o644)
    write(secrets, "vk.env", "VK_ADS_CLIENT_ID=1\nVK_ADS_CLIENT_SECRET=s\n").chmod(0o640)
    assert Settings(secrets, {}).faults == [
        "secrets/qtickets.env holds secrets and everybody may open it (mode 0644): chmod 600 it"
    ]


def test_a_sender_may_have_a_name_and_a_password_spaces(secrets):
    given = {"ALERT_EMAIL_FROM": "Zakaz robot <robot@example.ru>", "CLICKHOUSE_PASSWORD": "three long words"}
    settings = Settings(secrets, given)
    assert settings.faults == []
    assert settings.alerts.email_from == "Zakaz robot <robot@example.ru>"


def test_a_dollar_a_hash_and_quotes_of_a_secret_are_kept(secrets):
    write(secrets, "clickhouse.env", "CLICKHOUSE_PASSWORD='a$b${HOME}#c'\nCLICKHOUSE_READER_USER=r\n")
    assert Settings(secrets, {}).clickhouse.password.get_secret_value() == "a$b${HOME}#c"


def test_logins_that_are_mail_addresses_differ_by_a_dot(secrets):
    logins = "el.petrova@mail.ru,el-petrova@mail.ru"
    assert Settings(secrets, {"DIRECT_LOGINS": logins}).direct.logins == tuple(logins.split(","))


def test_the_environment_stands_above_the_files(secrets):
    write(secrets, "health.env", "\ufeffHEALTH_PORT=8081\n")
    assert Settings(secrets, {}).health.port == 8081
    assert Settings(secrets, {"HEALTH_PORT": "8082"}).health.port == 8082


def test_a_stranger_in_the_environment_is_a_warning_with_the_nearest_name(secrets):
    settings = Settings(secrets, {"CLICKHOUSE_SERVICE_PORT_HTTP": "1"})
    assert settings.faults == []
    assert any("CLICKHOUSE_SERVICE_PORT_HTTP in the environment is not a setting" in text for text in settings.warnings)


def test_relative_paths_mean_the_project_wherever_the_command_is_started(secrets, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert Settings(secrets, {"ZAKAZ_DATA_DIR": "data"}).platform.data_dir == PROJECT_ROOT / "data"


def test_the_validated_values_are_what_the_services_use(secrets):
    settings = Settings(secrets, {"ALERT_QUIET_HOURS": "23-7", "VK_ADS_VAT_EARLIER": "2026-01-01:20,2019-01-01:18"})
    assert QuietHours.parse(settings.alerts.quiet_hours) == QuietHours(23, 7)
    assert settings.vk_ads.vat_earlier == ((date(2019, 1, 1), Decimal(18)), (date(2026, 1, 1), Decimal(20)))


def test_every_default_is_a_value_that_would_be_accepted(secrets):
    from zakaz_dagster.settings.values import as_text

    for key, kind in GROUPS.items():
        texts = {kind.variable(name): as_text(field.default) for name, field in kind.model_fields.items()}
        settings = Settings(secrets, {name: text for name, text in texts.items() if text})
        assert settings.faults_of(key) == [], key
        assert getattr(settings, key) == kind()
