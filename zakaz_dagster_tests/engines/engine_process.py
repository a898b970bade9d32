"""One engine in a process of its own, told by lines of JSON: runs with whatever `chdb` its environment has.

    {"sql": …, "settings": {…}, "params": {…}, "form": "JSONCompact"}  ->  {"data": base64} or {"error": text}

Engines before 26.7 have no streamed insert and no parameters beside the query, so parameters are set as `param_…` and an
insert reads a file. Imports nothing of the project: the environment has the engine only.
"""

import base64
import json
import os
import sys


def literal(text):
    return "'" + str(text).replace("\\", "\\\\").replace("'", "\\'") + "'"


def run(session, ask, current):
    """`current` are the settings of the session, which are changed only where this statement wants others."""
    wanted = {**ask["settings"], **{f"param_{name}": text for name, text in ask["params"].items()}}
    for name in [name for name in current if name not in wanted and not name.startswith("param_")]:
        session.query(f"SET {name} = DEFAULT")
        del current[name]
    changed = {name: text for name, text in wanted.items() if name not in current or current[name] != text}
    if changed:
        session.query("SET " + ", ".join(f"{name} = {literal(text)}" for name, text in changed.items()))
        current.update(changed)
    return bytes(session.query(ask["sql"], ask["form"]).bytes() or b"")


def main(folder):
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the engine prints is no answer
    os.environ["TZ"] = "Europe/Moscow"
    os.chdir(folder)
    from chdb.session import Session

    session, current = Session(os.path.join(folder, "store")), {}  # noqa: PTH118
    for line in sys.stdin:
        try:
            answer = {"data": base64.b64encode(run(session, json.loads(line), current)).decode()}
        except Exception as error:  # noqa: BLE001  chdb raises RuntimeError, its own error and plain Exception alike
            answer = {"error": str(error)}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(sys.argv[1])
