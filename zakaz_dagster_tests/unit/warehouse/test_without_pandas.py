"""Arrow builds arrays without importing pandas, and whoever asks for pandas by name still gets it."""

import subprocess
import sys

import pytest

BEGINS = "import sys, pyarrow as pa\nimport zakaz_dagster.table_schemas\n"
LIST = "pa.array(['Казань', None]); pa.array([1], pa.int64()); pa.scalar(1)"
TABLE = "pa.table({'day': pa.array([1, 2]), 'city': ['Казань', 'Пермь']}).to_pylist()"


@pytest.mark.parametrize("work", [LIST, TABLE])
def test_arrays_are_made_without_pandas_which_is_there_for_those_who_ask(work):
    text = f"""{BEGINS}{work}
assert "pandas" not in sys.modules
frame = pa.table({{"n": [1, 2]}}).to_pandas()
import pandas
assert isinstance(frame, pandas.DataFrame) and frame["n"].sum() == 3
"""
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


LOOKS = "import zakaz_dagster.health.look, zakaz_dagster.warehouse.client, zakaz_dagster.warehouse.healing"
MAILS = "from zakaz_dagster.health.reading import days_from_mail"


@pytest.mark.parametrize("imports", [LOOKS, MAILS, "import zakaz_dagster.cli.watch_options"])
def test_a_process_that_only_looks_brings_neither_arrow_nor_readers_of_mails(imports):
    heavy = "{'pyarrow', 'numpy', 'pandas', 'openpyxl', 'googleapiclient', 'httpx'}"
    text = f"import sys\n{imports}\nprint(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
