"""Ctrl-C in the middle of a load ends it at once, also where the work would keep the signal, and reaches no helper."""

import os
import signal
import subprocess
import sys
import time

import pytest

from zakaz_dagster.dev.loading import stoppable

# As Dagster does in the main thread: the signal is taken note of, and the work goes on.
KEEPS = """
import signal, subprocess, sys, time
from zakaz_dagster.dev.loading import stoppable
HELPER = "import time; print('begun', flush=True); time.sleep(2)"

def work():
    try:
        signal.signal(signal.SIGINT, lambda *_: None)
    except ValueError:
        pass  # not the main thread
    subprocess.run([sys.executable, "-c", HELPER])
    time.sleep(20)

try:
    stoppable(work)
except KeyboardInterrupt:
    print("stopped", flush=True)
"""
FAILS = "from zakaz_dagster.dev.loading import stoppable\ntry: stoppable(lambda: 1 / 0)\nexcept ZeroDivisionError: print('told')"


def test_a_load_is_stopped_at_once_and_its_helpers_hear_nothing_of_it():
    command = [sys.executable, "-c", KEEPS]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "begun\n"
        began = time.monotonic()
        os.killpg(process.pid, signal.SIGINT)
        said = process.communicate(timeout=15)
    assert said == ("stopped\n", "")
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(("work", "value"), [(lambda: 7, 7), (lambda: None, None)])
def test_what_the_work_gives_comes_back(work, value):
    assert stoppable(work) == value


def test_what_the_work_raises_comes_back():
    done = subprocess.run([sys.executable, "-c", FAILS], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("told\n", "")
