"""The built interface as the gateway serves it: pages carry their own policy, every time."""

import gzip
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from askpanel.gateway.settings import GatewaySettings
from askpanel.gateway.web import SignIn, content_policy, serve, sign_in
from askpanel.runtime.settings import load

from .running import ISSUER, SECRET

CONFIG: dict[str, object] = {
    "supabase_url": "https://ref.example",
    "supabase_anon_key": "public",
    "tenants": [],
    "local": False,
}
SCRIPT = b"let here = 1;" * 100
PAGE = b"<!doctype html><title>Ask</title><script>let here = 1</script>"


@pytest.fixture
async def site(tmp_path: Path) -> httpx.AsyncClient:
    (tmp_path / "index.html").write_bytes(PAGE)
    static = tmp_path / "_next" / "static"
    static.mkdir(parents=True)
    (static / "a1.js").write_bytes(SCRIPT)
    (static / "a1.js.gz").write_bytes(gzip.compress(SCRIPT))
    (static / "b2.js").write_bytes(SCRIPT)
    (tmp_path / "404.html").write_bytes(b"<!doctype html><title>Nothing here</title>")
    app = FastAPI()
    serve(app, tmp_path, SignIn(CONFIG, "https://ref.example"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://site")


async def test_a_page_asked_for_again_comes_whole_with_its_policy(site: httpx.AsyncClient) -> None:
    first = await site.get("/")
    again = await site.get("/", headers={"If-None-Match": first.headers["etag"]})
    for answer in (first, again):
        assert (answer.status_code, answer.content) == (200, PAGE)
        assert answer.headers["content-security-policy"] == content_policy(PAGE, "https://ref.example")


async def test_the_policy_names_inline_scripts_by_hash_and_allows_no_other() -> None:
    policy = content_policy(PAGE)
    assert "script-src 'self' 'sha256-" in policy
    assert "unsafe-inline" not in policy.partition("script-src")[2].partition(";")[0]


async def test_the_page_is_told_where_people_sign_in_and_may_call_there_alone(
    site: httpx.AsyncClient,
) -> None:
    assert (await site.get("/config.json")).json() == CONFIG
    policy = (await site.get("/")).headers["content-security-policy"]
    assert "connect-src 'self' https://ref.example;" in policy
    assert "connect-src 'self';" in content_policy(PAGE)


@pytest.fixture
def surroundings(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment of a gateway that may start."""
    for name, value in {
        "NATS_URL": "nats://nats:4222",
        "DATABASE_URL": "postgresql://panel_api@postgres/postgres",
        "ASKPANEL_JWT_ISSUER": "https://ref.example/auth/v1",
        "ASKPANEL_JWT_SECRET": "s" * 32,
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_the_page_is_told_what_the_environment_says_and_an_empty_variable_says_nothing(
    surroundings: pytest.MonkeyPatch,
) -> None:
    names = ("ASKPANEL_SUPABASE_URL", "ASKPANEL_SUPABASE_ANON_KEY", "ASKPANEL_WEB_TENANTS")
    for name in names:
        surroundings.setenv(name, "")
    assert sign_in(load(GatewaySettings)) == SignIn({"tenants": [], "local": False})
    tenant = "3f0c1a52-0000-4000-8000-000000000000"
    for name, value in zip(names, ("https://ref.example", "public", f'{{"{tenant}": "Acme"}}'), strict=True):
        surroundings.setenv(name, value)
    told = CONFIG | {"tenants": [{"id": tenant, "name": "Acme"}]}
    assert sign_in(load(GatewaySettings)) == SignIn(told, "https://ref.example")


def test_tenants_that_are_no_json_stop_the_start_with_a_line(
    surroundings: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    surroundings.setenv("ASKPANEL_WEB_TENANTS", "Acme")
    with pytest.raises(SystemExit):
        load(GatewaySettings)
    assert capsys.readouterr().err.startswith("ASKPANEL_WEB_TENANTS: ")


@pytest.mark.parametrize("local", [True, False])
def test_only_a_local_stack_is_told_to_follow_links_that_sign_in(local: bool) -> None:
    settings: dict[str, Any] = {
        "NATS_URL": "nats://x",
        "DATABASE_URL": "postgresql://x",
        "jwt_issuer": ISSUER,
        "jwt_secret": SECRET,
        "local": local,
    }
    supabase: dict[str, Any] = {"supabase_url": "https://ref.example", "supabase_anon_key": "public"}
    for more in ({}, supabase):
        assert sign_in(GatewaySettings(**(settings | more))).config == {"tenants": [], "local": local} | more


async def test_an_unknown_path_of_the_api_is_no_page(site: httpx.AsyncClient) -> None:
    answer = await site.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert "Nothing here" not in answer.text


@pytest.mark.parametrize(
    ("accepted", "packed"),
    [
        ("gzip, deflate, br", True),
        ("br;q=1.0, gzip;q=0.5", True),
        ("*", True),
        ("identity", False),
        ("br", False),
        ("gzip;q=0, identity", False),
    ],
)
async def test_a_script_goes_out_compressed_to_who_takes_it(
    site: httpx.AsyncClient, accepted: str, packed: bool
) -> None:
    answer = await site.get("/_next/static/a1.js", headers={"Accept-Encoding": accepted})
    assert answer.content == SCRIPT
    assert answer.headers.get("content-encoding") == ("gzip" if packed else None)
    assert (int(answer.headers["content-length"]) < len(SCRIPT)) == packed
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-type"].startswith("text/javascript")
    assert "immutable" in answer.headers["cache-control"]


async def test_a_compressed_script_that_is_known_is_not_sent_again(site: httpx.AsyncClient) -> None:
    first = await site.get("/_next/static/a1.js")
    again = await site.get("/_next/static/a1.js", headers={"If-None-Match": first.headers["etag"]})
    plain = await site.get("/_next/static/a1.js", headers={"Accept-Encoding": "identity"})
    assert (again.status_code, again.content, "content-encoding" in again.headers) == (304, b"", False)
    assert plain.headers["etag"] != first.headers["etag"]


async def test_a_file_without_a_compressed_twin_is_sent_as_it_is(site: httpx.AsyncClient) -> None:
    answer = await site.get("/_next/static/b2.js")
    assert (answer.content, "content-encoding" in answer.headers) == (SCRIPT, False)
