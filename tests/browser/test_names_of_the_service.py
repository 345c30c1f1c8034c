"""The words of the web interface are keyed by names that services give: each name has its words, and no other has."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

import pytest

from askpanel.consensus.methods import METHODS
from askpanel.consensus.metrics import Flag
from askpanel.contracts.configuration import NO_CONSENSUS

TEXT = Path(__file__).parents[2] / "apps" / "web" / "src" / "text"


@pytest.mark.parametrize(
    ("file", "table", "names"),
    [("result.ts", "flags", get_args(Flag)), ("names.ts", "methods", (*METHODS, NO_CONSENSUS))],
)
def test_each_name_has_its_words(file: str, table: str, names: Iterable[str]) -> None:
    found = re.search(rf"^ +{table}: {{\n(.*?)^ +}}", (TEXT / file).read_text(), re.DOTALL | re.MULTILINE)
    assert found is not None, f"no table {table} in {file}"
    assert set(re.findall(r"^ +(\w+):", found[1], re.MULTILINE)) == set(names)
