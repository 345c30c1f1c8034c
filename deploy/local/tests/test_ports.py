"""Ports that nobody else comes by between being told and being used."""

import socket
from pathlib import Path

import pytest

from askpanel.local import ports
from askpanel.local.ports import PortTaken, free_port


def test_none_is_given_twice_though_nobody_listens_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_given", set[int]())
    monkeypatch.setattr(ports, "_above_ours", lambda: ports.LOWEST + 40)
    given = [free_port(0) for _ in range(20)]
    assert len(set(given)) == 20


@pytest.mark.parametrize(
    ("range_of_the_system", "above_ours"),
    [("32768\t60999\n", 32_768), ("1024\t65535\n", 65_536), ("", 32_768)],
)
def test_they_are_below_those_the_system_gives_where_there_is_room(
    range_of_the_system: str, above_ours: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = tmp_path / "range"
    told.write_text(range_of_the_system)
    monkeypatch.setattr(ports, "_GIVEN_BY_SYSTEM", told)
    assert all(ports.LOWEST <= free_port(0) < above_ours for _ in range(20))


def test_a_wanted_one_is_given_or_said_to_be_taken() -> None:
    port = free_port(0)
    assert free_port(port) == port
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(PortTaken, match=f"port {port} is taken.*ASKPANEL_PORT"),
    ):
        free_port(port)


def test_where_none_is_free_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_above_ours", lambda: ports.LOWEST + 3)
    monkeypatch.setattr(ports, "_given", set(range(ports.LOWEST, ports.LOWEST + 3)))
    with pytest.raises(PortTaken, match="no free port"):
        free_port(0)
