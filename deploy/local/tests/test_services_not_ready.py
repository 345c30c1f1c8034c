"""A service that is not ready in time: what is told, and what to do about it."""

from pathlib import Path

import pytest

from askpanel.local.ports import free_port
from askpanel.local.servers.process import ServerNotReady
from askpanel.local.services import Service, wait_ready


def test_a_service_that_is_not_ready_names_its_log_the_setting_and_the_last_it_said(tmp_path: Path) -> None:
    log = tmp_path / "projector.log"
    log.write_text("waits for the tables\n")
    service = Service("projector", {}, log, ("127.0.0.1", free_port(0)))
    with pytest.raises(ServerNotReady) as failed:
        wait_ready([service], seconds=0, told=lambda _: None)
    first, last = str(failed.value).splitlines()
    assert first.startswith(f"projector not ready after 0 s: see {log}, ")
    assert "ASKPANEL_START_SECONDS" in first
    assert last == "waits for the tables"
