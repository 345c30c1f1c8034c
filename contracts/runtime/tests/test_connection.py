"""Headers are read and written as the client does it, only faster."""

import asyncio

from hypothesis import example, given
from hypothesis import strategies as st
from nats.aio.client import Client
from nats.errors import BadHeaderError

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


class Told(Connection):
    """Writes into a list instead of a socket."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[bytes] = []

    async def _send_command(self, cmd: bytes, priority: bool = False) -> None:
        self.commands.append(bytes(cmd))


NAMES = st.one_of(
    st.text(max_size=8), st.sampled_from(["ce-id", " ce-id", "Nats-Msg-Id", "a b", "a: b", "", "ü"])
)
VALUES = st.one_of(
    st.text(max_size=12), st.sampled_from(["", " a ", "a\r\nb: c", "\r\nb: ", "1:2", "é", "\x7f", "\t"])
)


@given(st.dictionaries(NAMES, VALUES, max_size=4), st.binary(max_size=5))
@example({"ce-id": "\r\nNats-Msg-Id: "}, b"").via("a second header in the value of the first")
@example({"ce-id: Nats-Msg-Id": "1"}, b"").via("a name that holds a whole header")
def test_any_headers_are_written_as_the_client_writes_them(headers: dict[str, str], body: bytes) -> None:
    def written(by: type[Client]) -> object:
        told = Told()
        sent = by._send_publish(told, "a.b", "inbox.1", body, len(body), dict(headers))
        try:
            asyncio.run(sent)
        except BadHeaderError as error:
            return type(error), str(error)
        return told.commands, told.stats

    assert written(Connection) == written(Client)


def test_the_client_still_writes_headers_by_the_method_that_is_replaced() -> None:
    assert "_send_publish" in Client.publish.__code__.co_names


def test_the_client_still_reads_headers_by_the_method_that_is_replaced() -> None:
    assert "_parse_header_lines" in Client._process_headers.__code__.co_names
