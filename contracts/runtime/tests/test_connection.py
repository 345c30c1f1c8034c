"""Headers are read as the client reads them, only faster."""

from hypothesis import given
from hypothesis import strategies as st
from nats.aio.client import Client

from askpanel.runtime.connection import Connection

PIECES = st.sampled_from(
    [
        b"ce-id",
        b": ",
        b":",
        b"\r\n",
        b"\r",
        b"\n",
        b" ",
        b"\t",
        b"a b",
        "é".encode(),
        b"\xff",
        b"\x1c",
        b"\x85",
        b"7",
    ]
)
BLOCKS = st.one_of(st.binary(max_size=200), st.lists(PIECES, max_size=40).map(b"".join))


@given(BLOCKS)
def test_any_block_of_headers_reads_as_the_client_reads_it(block: bytes) -> None:
    assert Connection._parse_header_lines(block) == Client._parse_header_lines(block)


def test_the_client_still_reads_headers_by_the_method_that_is_replaced() -> None:
    assert "_parse_header_lines" in Client._process_headers.__code__.co_names
