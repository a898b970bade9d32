"""Every red thing has words in Russian and a section of the runbook."""

from __future__ import annotations

import re

import pytest

from zakaz_dagster.alerts.phrases import DATA, OTHER, PLATFORM, phrase, section
from zakaz_dagster.definitions import build_definitions
from zakaz_dagster.defs.operations.check_history import check_names
from zakaz_dagster.health import failover, probe, processes
from zakaz_dagster.paths import PROJECT_ROOT
from zakaz_dagster.resources.watch import _check_phrases, _labels
from zakaz_dagster.settings import Settings
from zakaz_dagster.verdicts import Status, Verdict

RUNBOOK = PROJECT_ROOT / "docs" / "troubleshooting.md"
ASCII_ALLOWED = re.compile(
    r"QTickets|DataLens|ClickHouse|Dagster|VK|Gmail|ROMI|ROAS|UTM|API|NTP|BACKUP|SMTP|ALERT|PostgreSQL|DROP TABLE|"
    r"[a-z]+-[a-z]+|Automation|Jobs|Runs|Materialize|`[^`]*`|[\w/*.]*[_*/.][\w/*.]*"
)


@pytest.fixture(scope="module")
def names():
    repository = build_definitions(Settings(environment={})).get_repository_def()
    own = [
        probe.NAME,
        failover.FROM_MAIL,
        failover.NO_BACKUP,
        processes.QUEUE,
        *(f"platform__{name}" for name in PLATFORM),
    ]
    jobs = [f"run__{job.name}" for job in repository.get_all_jobs()]
    return sorted({*check_names(repository), *own, *jobs})


def words_of(name, status=Status.ERROR):
    verdict = Verdict(name, "data", status, "x", assets=(name.partition("__")[0],))
    return phrase(verdict, _labels(), _check_phrases())


def test_every_verdict_has_a_section_that_exists(names):
    anchors = re.findall(r'<a id="([\w-]+)"></a>', RUNBOOK.read_text("utf-8"))
    assert len(anchors) == len(set(anchors))
    assert {name for name in names if section(name) not in anchors} == set()


def test_no_section_is_left_of_a_check_that_is_gone(names):
    anchors = set(re.findall(r'<a id="([\w-]+)"></a>', RUNBOOK.read_text("utf-8")))
    known = {section(name) for name in names} | {section(f"x__{name}") for name in DATA} | {"reload-days"}
    assert anchors - known == set()


def test_every_verdict_has_its_words_for_marketers_in_russian(names):
    wordless = [name for name in names if words_of(name).title.startswith(OTHER.title.partition(":")[0])]
    assert wordless == []
    for name in names:
        words = words_of(name)
        for text in (words.title, words.means, words.action):
            left = ASCII_ALLOWED.sub(
                "", text.replace(name.removeprefix("run__"), "") if name.startswith("run__") else text
            )
            assert not re.search(r"[A-Za-z]{3,}", left), (name, text)
        assert words.means


def test_links_within_the_runbook_lead_somewhere():
    text = RUNBOOK.read_text("utf-8")
    for target in re.findall(r"\]\(#([\w-]+)\)", text):
        assert f'<a id="{target}"></a>' in text
    for page in re.findall(r"\]\((\w+\.md)\)", text):
        assert (RUNBOOK.parent / page).is_file()
