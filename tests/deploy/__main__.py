"""`python -m tests.deploy`: every check of what is deployed, the slow ones too; arguments go to pytest."""

import sys

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["tests/deploy", *sys.argv[1:]]))
