"""`python -m zakaz_dagster.dev.clickhouse`: the endpoint for programs; prints one line of JSON when it is ready."""

from __future__ import annotations

import argparse
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

from zakaz_dagster.dev.clickhouse.access import NAMES
from zakaz_dagster.dev.clickhouse.serve import CannotServe, Options, Served, serve


def _options(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(prog="python -m zakaz_dagster.dev.clickhouse", description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True, help="kept between runs; one process at a time")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--user", default="default")
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument("--password-env", metavar="NAME", help="environment variable that holds the password")
    secret.add_argument("--no-password", action="store_true", help="let in whoever may connect")
    parser.add_argument("--allow", action="append", default=[], choices=NAMES, help="what SQL may reach; repeat")
    parser.add_argument("--timezone", default="Europe/Moscow")
    parser.add_argument("--config-file", type=Path, help="the engine's own configuration, instead of ours")
    parser.add_argument("--users-file", type=Path, help="users.xml: profile and grants of `default`")
    parser.add_argument("--exit-with-parent", action="store_true", help="stop when the starting process is gone")
    given = vars(parser.parse_args(arguments))
    variable, open_to_all = given.pop("password_env"), given.pop("no_password")
    given["allow"] = tuple(given["allow"])
    if open_to_all:
        given["password"] = ""
    if variable:
        given["password"] = os.environ.get(variable) or parser.error(f"{variable} is empty or not set")
    return Options(**given)


def _ready(served: Served) -> None:
    sys.stdout.write(json.dumps(asdict(served)) + "\n")
    sys.stdout.flush()


def main() -> int:
    """Exit code 0 after a clean stop, 2 when it cannot serve."""
    options = _options(sys.argv[1:])
    try:
        serve(options, _ready)
    except (CannotServe, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
