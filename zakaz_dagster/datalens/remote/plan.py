"""What has to be done so that DataLens holds what the specification wants: a pure comparison, readable as a diff.

Belongs here: the decision. Does not: asking DataLens, doing it (`apply`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from zakaz_dagster.datalens.remote.state import Held, State
from zakaz_dagster.datalens.remote.wanted import Wanted

Action = Literal["create", "update", "keep", "delete", "leave"]
SIGNS: Mapping[Action, str] = {"create": "+", "update": "~", "keep": "=", "delete": "-", "leave": "?"}
SHOWN = 12  # changed places printed per object
LONGEST = 80


@dataclass(frozen=True)
class Step:
    """One object and what happens to it; `changes` say why. `wanted` is None for what the specification dropped."""

    action: Action
    key: str
    kind: str
    name: str
    changes: Sequence[str] = ()
    wanted: Wanted | None = field(default=None, repr=False)

    def lines(self) -> Iterator[str]:
        yield f"{SIGNS[self.action]} {self.kind} «{self.name}»"
        yield from (f"    {change}" for change in self.changes[:SHOWN])
        if len(self.changes) > SHOWN:
            yield f"    … and {len(self.changes) - SHOWN} more"


def compare(wanted: Sequence[Wanted], state: State, revisions: Mapping[str, str], *, prune: bool = False) -> list[Step]:
    """Steps in the order of doing. `revisions` are the ids that exist in DataLens, with their present revision."""
    steps = [_step(one, state.objects.get(one.key), revisions) for one in wanted]
    named = {one.key for one in wanted}
    dropped = [(key, held) for key, held in state.objects.items() if key not in named and held.id in revisions]
    order = ("dashboard", "chart", "dataset", "connection")
    for key, held in sorted(dropped, key=lambda pair: order.index(pair[1].kind)):
        may_go = prune and held.is_ours
        why = "no longer in dashboard.yaml" if held.is_ours else "adopted, never deleted"
        steps.append(Step("delete" if may_go else "leave", key, held.kind, held.name, [why]))
    return steps


def _step(wanted: Wanted, held: Held | None, revisions: Mapping[str, str]) -> Step:
    def step(action: Action, changes: Sequence[str] = ()) -> Step:
        return Step(action, wanted.key, wanted.kind, wanted.name, changes, wanted)

    if held is None:
        return step("create")
    if held.id not in revisions:
        return step("create", ["it is gone from DataLens"])
    changes = list(differences(held.content, wanted.content))
    if held.name != wanted.name:
        changes.insert(0, f"name: {held.name} → {wanted.name}")
    if held.revision and revisions[held.id] != held.revision:
        changes.append("it was edited in DataLens since; this puts the specification back")
    return step("update" if changes else "keep", changes)


def differences(old: object, new: object, path: str = "") -> Iterator[str]:
    """The places in which two pieces of plain data differ, one line each."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            place = f"{path}.{key}" if path else str(key)
            if key not in new:
                yield f"{place}: removed"
            elif key not in old:
                yield f"{place}: {_short(new[key])} added"
            else:
                yield from differences(old[key], new[key], place)
    elif old != new:
        yield f"{path}: {_short(old)} → {_short(new)}"


def _short(value: Any) -> str:
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) < LONGEST else f"{text[: LONGEST - 1]}…"
