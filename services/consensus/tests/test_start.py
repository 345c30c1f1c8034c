"""What the service says when it cannot start as it was told to."""

import sys

import pytest

from askpanel.consensus import app


def test_embeddings_that_are_not_installed_end_the_start_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NATS_URL", "nats://127.0.0.1:1")
    monkeypatch.setenv("ASKPANEL_CONSENSUS_EMBEDDINGS", "true")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(SystemExit, match="1"):
        app.main()
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("consensus: no embeddings: install askpanel-consensus[embeddings]: ")
    assert "--build-arg EXTRA=embeddings" in line
    assert "ASKPANEL_CONSENSUS_EMBEDDINGS to false" in line
