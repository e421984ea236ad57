"""Whether the Hub can be known to be out of reach."""

import socket
from pathlib import Path

import pytest

from model_probe.reach import out_of_reach


@pytest.fixture(autouse=True)
def nothing_cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("HF_HUB_CACHE", raising=False)
    monkeypatch.setenv("HF_HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # nobody listens there


def test_a_refused_connection_and_a_name_without_an_address_are_certain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert out_of_reach()
    monkeypatch.setenv("HF_ENDPOINT", "https://hub.invalid")
    assert out_of_reach()


def test_with_an_answer_a_proxy_or_a_cache_it_is_not_certain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch, socket.create_server(("127.0.0.1", 0)) as server:
        patch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        assert not out_of_reach()
    with monkeypatch.context() as patch:
        patch.setenv("https_proxy", "http://127.0.0.1:9")
        assert not out_of_reach()
    (tmp_path / "hub" / "models--openai-community--gpt2").mkdir(parents=True)
    assert not out_of_reach()
