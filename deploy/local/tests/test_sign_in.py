"""Sign-in of the local stack over HTTP: what each request gets, and what a stolen token is good for."""

import json
import time
import tomllib
from collections.abc import AsyncGenerator, Generator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from pydantic import ValidationError

from askpanel.gateway.auth.token import Keys, TokenPolicy, TokenRefused, verify
from askpanel.local import tokens
from askpanel.local.demo import TENANTS
from askpanel.local.secrets import load_or_make
from askpanel.local.sign_in.app import LOOPBACK, MOST_BODY_BYTES, accounts, create_app
from askpanel.local.sign_in.desk import LIFETIME, Account, Desk
from askpanel.local.sign_in.sessions import IDLE_SECONDS, REUSE_SECONDS, Sessions
from askpanel.local.sign_in.settings import SignInSettings

SECRET = "a-secret-of-at-least-thirty-two-bytes"
ISSUER = "http://127.0.0.1:8080/auth/v1"
HERE = "http://127.0.0.1:8080"
KEY = "the-anon-key"
MEMBER, OWNER = TENANTS[0].user("member"), TENANTS[0].user("owner")
PASSWORD = "correct horse battery"
VERSION = {"x-supabase-api-version": "2024-01-01"}


@dataclass(slots=True)
class Clock:
    """A clock that tests set."""

    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Starts with the wall clock, by which tokens are signed."""
    return Clock(time.time())


@pytest.fixture
def sessions(tmp_path: Path, clock: Clock) -> Generator[Sessions]:
    """Sessions in a real file."""
    opened = Sessions(tmp_path / "sessions.sqlite", b"refresh", clock)
    yield opened
    opened.close()


@pytest.fixture
async def auth(sessions: Sessions, clock: Clock) -> AsyncGenerator[httpx.AsyncClient]:
    """A client of the whole application, with the anon key as supabase-js sends it."""
    people = tuple(Account(user.id, user.email, PASSWORD) for user in (MEMBER, OWNER))
    desk = Desk(people, sessions, issuer=ISSUER, secret=SECRET, clock=clock)
    app = create_app(desk, anon_key=KEY, origins=(HERE,))
    transport = httpx.ASGITransport(app=app)
    headers = {"apikey": KEY, **VERSION}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:9/auth/v1", headers=headers
    ) as client:
        yield client


async def sign_in(
    auth: httpx.AsyncClient, email: str = MEMBER.email, password: str = PASSWORD
) -> httpx.Response:
    return await auth.post(
        "/token", params={"grant_type": "password"}, json={"email": email, "password": password}
    )


async def refresh(auth: httpx.AsyncClient, token: str) -> httpx.Response:
    return await auth.post("/token", params={"grant_type": "refresh_token"}, json={"refresh_token": token})


async def user_of(auth: httpx.AsyncClient, session: dict[str, Any]) -> httpx.Response:
    return await auth.get("/user", headers={"Authorization": f"Bearer {session['access_token']}"})


def code(answer: httpx.Response) -> tuple[int, str]:
    """Status and error code; no error ever repeats what was sent."""
    assert PASSWORD not in answer.text
    return answer.status_code, answer.json()["code"]


async def test_who_signs_in_gets_a_token_that_the_gateway_takes(
    auth: httpx.AsyncClient, clock: Clock
) -> None:
    answer = await sign_in(auth, email=f" {MEMBER.email.upper()} ")
    session = answer.json()
    assert (answer.status_code, session["token_type"], session["expires_in"]) == (200, "bearer", LIFETIME)
    assert answer.headers["cache-control"] == "no-store"
    proved = verify(session["access_token"], Keys(secret=SECRET), TokenPolicy(ISSUER), now=clock.now)
    assert (proved.user_id, proved.role) == (MEMBER.id, "authenticated")
    assert abs(proved.expires_at - session["expires_at"]) <= 2
    user = (await user_of(auth, session)).json()
    assert (user["id"], user["email"]) == (str(MEMBER.id), MEMBER.email)
    assert user == session["user"]


async def test_a_wrong_password_and_an_unknown_email_are_told_alike(auth: httpx.AsyncClient) -> None:
    wrong = await sign_in(auth, password=PASSWORD + "!")
    unknown = await sign_in(auth, email="nobody@acme.example")
    empty_account = await sign_in(auth, email=TENANTS[1].user("member").email)
    assert code(wrong) == (400, "invalid_credentials")
    assert wrong.content == unknown.content == empty_account.content


async def test_clients_of_the_older_version_find_the_code_where_they_look(auth: httpx.AsyncClient) -> None:
    del auth.headers["x-supabase-api-version"]
    body = (await sign_in(auth, password="x")).json()
    assert body == {"code": 400, "error_code": "invalid_credentials", "msg": "Invalid login credentials"}


async def test_a_refresh_token_is_good_once_and_its_return_ends_the_session(
    auth: httpx.AsyncClient, clock: Clock
) -> None:
    first = (await sign_in(auth)).json()
    second = (await refresh(auth, first["refresh_token"])).json()
    assert second["refresh_token"] != first["refresh_token"]
    third = (await refresh(auth, second["refresh_token"])).json()
    clock.now += REUSE_SECONDS + 1
    stolen = await refresh(auth, second["refresh_token"])
    assert code(stolen) == (400, "refresh_token_already_used")
    assert code(await refresh(auth, third["refresh_token"])) == (400, "refresh_token_not_found")
    assert code(await user_of(auth, third)) == (403, "session_not_found")


async def test_a_client_whose_answer_was_lost_gets_the_same_token_again(
    auth: httpx.AsyncClient, clock: Clock
) -> None:
    first = (await sign_in(auth)).json()["refresh_token"]
    second = (await refresh(auth, first)).json()["refresh_token"]
    clock.now += REUSE_SECONDS - 1
    assert (await refresh(auth, first)).json()["refresh_token"] == second
    third = await refresh(auth, second)
    assert third.status_code == 200
    assert code(await refresh(auth, first)) == (400, "refresh_token_already_used"), "two steps behind"


@pytest.mark.parametrize("scope", ["local", "others", "global"])
async def test_signing_out_ends_the_sessions_it_names(auth: httpx.AsyncClient, scope: str) -> None:
    this, other, foreign = [
        (await sign_in(auth, email=user.email)).json() for user in (MEMBER, MEMBER, OWNER)
    ]
    answer = await auth.post(
        "/logout", params={"scope": scope}, headers={"Authorization": f"Bearer {this['access_token']}"}
    )
    assert (answer.status_code, answer.content) == (204, b"")
    alive = [(await refresh(auth, each["refresh_token"])).status_code for each in (this, other, foreign)]
    assert (
        alive
        == {
            "local": [400, 200, 200],
            "others": [200, 400, 200],
            "global": [400, 400, 200],
        }[scope]
    )


async def test_a_session_outlives_the_process_and_an_idle_one_ends(tmp_path: Path, clock: Clock) -> None:
    file = tmp_path / "sessions.sqlite"
    before = Sessions(file, b"refresh", clock)
    token = before.open(MEMBER.id).refresh_token  # and no close: the process is killed
    after = Sessions(file, b"refresh", clock)
    resumed = after.refresh(token)
    assert resumed.user_id == MEMBER.id
    clock.now += IDLE_SECONDS + 1
    assert after.opened_at(resumed.id) is not None
    after.close()
    before.close()
    swept = Sessions(file, b"refresh", clock)
    assert swept.opened_at(resumed.id) is None
    swept.close()
    assert file.stat().st_mode & 0o077 == 0


async def test_forged_and_foreign_tokens_open_nothing(auth: httpx.AsyncClient, clock: Clock) -> None:
    token = (await sign_in(auth)).json()["refresh_token"]
    for forged in (token[:-2] + "AA", token[:10], "-", "é" * 40, "A" * 10_000):
        assert code(await refresh(auth, forged)) == (400, "refresh_token_not_found")
    sign = partial(tokens.sign, issuer=ISSUER, email=MEMBER.email)
    for access, expected in (
        ("garbage", "bad_jwt"),
        (sign("another-secret-of-thirty-two-bytes!!", user_id=MEMBER.id), "bad_jwt"),
        (sign(SECRET, user_id=MEMBER.id, lifetime=-1), "bad_jwt"),
        (sign(SECRET, user_id=uuid4()), "user_not_found"),
        (sign(SECRET, user_id=MEMBER.id, session_id=uuid4()), "session_not_found"),
        (tokens.anon_key(SECRET), "bad_jwt"),
    ):
        assert code(await user_of(auth, {"access_token": access})) == (403, expected)
    assert code(await auth.get("/user")) == (401, "no_authorization")


async def test_guessing_is_slowed_down_by_account_and_others_are_not(auth: httpx.AsyncClient) -> None:
    guesses = [await sign_in(auth, password=str(number)) for number in range(11)]
    assert [answer.status_code for answer in guesses] == [400] * 10 + [429]
    assert guesses[-1].json()["code"] == "over_request_rate_limit"
    assert int(guesses[-1].headers["retry-after"]) >= 1
    assert code(await sign_in(auth)) == (429, "over_request_rate_limit"), "the right password waits too"
    assert (await sign_in(auth, email=OWNER.email)).status_code == 200


async def test_what_is_no_request_is_said_to_be_none(auth: httpx.AsyncClient) -> None:
    password = {"grant_type": "password"}
    for body, expected in (
        (b"{", (400, "bad_json")),
        (b"[" * 9000, (400, "bad_json")),
        (b"[]", (400, "bad_json")),
        (b"\xff", (400, "bad_json")),
        (b"{}", (400, "validation_failed")),
        (b'{"email": 1, "password": ["x"]}', (400, "validation_failed")),
        (json.dumps({"email": "\ud800", "password": "x"}).encode(), (400, "validation_failed")),
        (b" " * (MOST_BODY_BYTES + 1), (413, "validation_failed")),
    ):
        assert code(await auth.post("/token", params=password, content=body)) == expected
    assert code(await auth.post("/token", json={})) == (400, "validation_failed")
    assert (await auth.get("/token")).status_code == 405
    assert (await auth.post("/signup", json={})).status_code == 404


async def test_requests_need_the_anon_key_and_name_this_machine(auth: httpx.AsyncClient) -> None:
    assert code(await auth.get("/user", headers={"apikey": "other"})) == (401, "no_authorization")
    rebound = await auth.get("/.well-known/jwks.json", headers={"Host": "evil.example"})
    assert rebound.status_code == 400
    assert (await auth.get("/.well-known/jwks.json")).json() == {"keys": []}


async def test_a_browser_is_let_in_from_the_gateways_origin_only(auth: httpx.AsyncClient) -> None:
    asked = {
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "apikey,content-type,x-client-info,x-supabase-api-version",
    }
    own = await auth.options("/token", headers={"Origin": HERE, **asked})
    foreign = await auth.options("/token", headers={"Origin": "https://evil.example", **asked})
    assert (own.status_code, own.headers["access-control-allow-origin"]) == (200, HERE)
    assert "access-control-allow-origin" not in foreign.headers
    assert "access-control-allow-credentials" not in own.headers


def test_the_anon_key_is_no_users_token(clock: Clock) -> None:
    with pytest.raises(TokenRefused):
        verify(tokens.anon_key(SECRET), Keys(secret=SECRET), TokenPolicy(ISSUER), now=clock.now)


def test_passwords_are_made_for_each_folder_and_an_older_folder_gets_them_too(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    made = load_or_make(one)
    assert load_or_make(one) == made
    assert len({*made.passwords.values(), *load_or_make(other).passwords.values()}) == 24
    assert all(len(password) >= 16 for password in made.passwords.values())
    file = one / "secrets.json"
    old = json.loads(file.read_text())
    del old["passwords"], old["refresh"]
    file.write_text(json.dumps(old))
    upgraded = load_or_make(one)
    assert (upgraded.jwt, upgraded.nats) == (made.jwt, made.nats)
    assert upgraded.passwords != made.passwords
    assert file.stat().st_mode & 0o077 == 0


def test_nothing_of_it_has_a_default_secret_or_another_address_than_loopback() -> None:
    with pytest.raises(ValidationError) as error:
        SignInSettings.model_validate({})
    assert {str(problem["loc"][0]) for problem in error.value.errors()} >= {
        "jwt_secret", "refresh_secret", "passwords", "anon_key",
    }  # fmt: skip
    assert not {"host", "address"} & SignInSettings.model_fields.keys()
    assert LOOPBACK == "127.0.0.1"


def test_no_image_can_hold_it() -> None:
    """Images are built from contracts and services alone, and none of those stands on askpanel-local."""
    root = Path(__file__).parents[3]
    projects = [*root.glob("contracts/*/pyproject.toml"), *root.glob("services/*/pyproject.toml")]
    assert len(projects) >= 7
    for project in projects:
        told = tomllib.loads(project.read_text())["project"]
        extras: dict[str, list[str]] = told.get("optional-dependencies", {})
        wanted: list[str] = [*told["dependencies"], *chain.from_iterable(extras.values())]
        assert not [each for each in wanted if each.startswith("askpanel-local")], project
    assert "deploy/local" not in (root / "deploy/docker/Dockerfile").read_text()


def test_only_demo_users_with_a_password_have_an_account(tmp_path: Path) -> None:
    settings = SignInSettings.model_validate(
        {
            "port": 0,
            "sessions": tmp_path / "s",
            "issuer": ISSUER,
            "jwt_secret": SECRET,
            "refresh_secret": SECRET,
            "anon_key": KEY,
            "passwords": {MEMBER.email: PASSWORD, "stranger@nowhere.example": PASSWORD},
        }
    )
    assert [account.user_id for account in accounts(settings)] == [UUID(str(MEMBER.id))]
    assert PASSWORD not in repr(settings)
