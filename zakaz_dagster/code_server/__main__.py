"""`python -m zakaz_dagster.code_server …`: `dagster api grpc` for our definitions, with its own arguments.

By itself Dagster starts a new interpreter for every run, and half of what a refresh costs is imports. Here the process
of a run is forked from one that has imported everything (`multiprocessing`'s forkserver) and has no thread that could
hold a lock. A run is a process of its own as before: it is watched, ended and killed as before, and reads the settings
afresh. It ends with the process it was forked from, as Dagster then takes it for dead. Only Linux forks safely;
elsewhere runs start as Dagster starts them.
"""

from __future__ import annotations

import sys

from zakaz_dagster.defs._private import command_line, fork_runs

DEFINITIONS = "zakaz_dagster.definitions"
OURS = ["api", "grpc", "-m", DEFINITIONS, "--location-name", "zakaz_dagster"]


def serve() -> None:
    """Serve until the signal."""
    if sys.platform == "linux":
        fork_runs([DEFINITIONS, "zakaz_dagster.code_server.warm"])
    sys.argv = ["dagster", *OURS, *sys.argv[1:]]
    command_line()


if __name__ == "__main__":
    serve()
