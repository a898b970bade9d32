"""`zakaz settings samples`: configs/*.env.sample, generated from `settings.py` and checked against it."""

from __future__ import annotations

from pathlib import Path

import click

from zakaz_dagster.paths import FILES
from zakaz_dagster.settings import GROUPS, Group
from zakaz_dagster.settings.values import as_text

CONFIGS = (FILES / "configs").resolve()


@click.group()
def settings() -> None:
    """Write configs/*.env.sample from the settings, or check them."""


@settings.command()
@click.option("--check", is_flag=True, help="Write nothing; exit 1 when a sample differs from the settings.")
def samples(check: bool) -> None:
    """Write one commented sample per group of settings."""
    stale = [path for path, text in rendered().items() if not path.is_file() or path.read_text("utf-8") != text]
    extra = sorted(set(CONFIGS.glob("*.env.sample")) - set(rendered()))
    if not check:
        CONFIGS.mkdir(exist_ok=True)
        for path, text in rendered().items():
            path.write_text(text, "utf-8")
        click.echo(f"{len(rendered())} samples in configs/, {len(stale)} renewed")
        return
    for path in [*stale, *extra]:
        click.echo(f"configs/{path.name} differs from settings.py; run `zakaz settings samples`", err=True)
    if stale or extra:
        raise SystemExit(1)
    click.echo("configs/*.env.sample agree with settings.py")


def rendered() -> dict[Path, str]:
    """Path to text of every sample."""
    return {CONFIGS / f"{group.file}.env.sample": sample(group) for group in GROUPS.values()}


def sample(group: type[Group]) -> str:
    """The sample of one group: every variable with its help; defaults are shown commented out."""
    lines = [
        f"# {(group.__doc__ or '').strip().splitlines()[0]}",
        f"# Copy to secrets/{group.file}.env and fill in.",
        "",
    ]
    for name, field in group.model_fields.items():
        needed = name in group.needed
        lines.append(f"# {field.description}{' (needed)' if needed else ''}")
        lines.append(f"{'' if needed else '# '}{group.variable(name)}={as_text(field.default)}")
    return "\n".join(lines) + "\n"
