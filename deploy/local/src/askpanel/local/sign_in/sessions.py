"""Sessions of signed-in users, in one SQLite file, and their refresh tokens.

    SessionRefused         the refresh token gives nothing
    ├── UnknownSession     forged, or the session was signed out, has run out, or was revoked
    └── TokenReused        an older token of the session came back: the session is revoked for everybody

A refresh token names its session and how often it was refreshed, and is signed (HMAC-SHA-256, RFC 2104), so
the file holds no token. Each is good for one refresh. A client whose answer was lost may repeat the same
refresh for REUSE_SECONDS and gets the same next token; any other return of an old token means that two
parties hold the session's tokens, and ends it (RFC 9700, section 4.14.2).
"""

import base64
import binascii
import hashlib
import hmac
import sqlite3
import struct
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from uuid import UUID, uuid4

REUSE_SECONDS = 10.0
IDLE_SECONDS = 30 * 86_400.0
"""A session that nobody refreshes for this long has ended."""

Scope = Literal["global", "local", "others"]

_TOKEN = struct.Struct(">16sQ")
_MAC_BYTES = 20
_TABLE = """
create table if not exists session (
  id           text primary key,
  user_id      text not null,
  opened_at    real not null,
  refreshed_at real not null,
  refreshes    integer not null
)
"""


class SessionRefused(Exception):
    """The refresh token gives nothing."""


class UnknownSession(SessionRefused):
    """No open session has this token."""


class TokenReused(SessionRefused):
    """The token was used before; its session is closed."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open session and the refresh token that is next. `opened_at` in seconds since the epoch."""

    id: UUID
    user_id: UUID
    opened_at: float
    refresh_token: str


class Sessions:
    """The sessions in `file`, which nobody else can read. `clock` is the wall clock, in seconds."""

    def __init__(self, file: Path, secret: bytes, clock: Callable[[], float]) -> None:
        file.touch(mode=0o600)
        self._secret = secret
        self._clock = clock
        self._file = sqlite3.connect(file, isolation_level=None)
        self._file.execute("pragma journal_mode = wal")
        self._file.execute("pragma synchronous = full")
        self._file.execute(_TABLE)
        self._file.execute("delete from session where refreshed_at < ?", (clock() - IDLE_SECONDS,))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def open(self, user_id: UUID) -> Opened:
        """A new session of a user."""
        session_id, now = uuid4(), self._clock()
        row = (str(session_id), str(user_id), now, now)
        self._file.execute("insert into session values (?, ?, ?, ?, 0)", row)
        return Opened(session_id, user_id, now, self._token(session_id, 0))

    def refresh(self, token: str) -> Opened:
        """Use up a refresh token. Raises UnknownSession or TokenReused."""
        session_id, count = self._read(token)
        with self._transaction():
            row = self._file.execute(
                "select user_id, opened_at, refreshed_at, refreshes from session where id = ?",
                (str(session_id),),
            ).fetchone()
            now = self._clock()
            if row is None or now - row[2] > IDLE_SECONDS:
                raise UnknownSession
            user_id, opened_at, refreshed_at, current = UUID(row[0]), row[1], row[2], row[3]
            if count == current:
                current += 1
                self._file.execute(
                    "update session set refreshes = ?, refreshed_at = ? where id = ?",
                    (current, now, str(session_id)),
                )
            elif count != current - 1 or now - refreshed_at > REUSE_SECONDS:
                self._file.execute("delete from session where id = ?", (str(session_id),))
                current = None
        if current is None:
            raise TokenReused
        return Opened(session_id, user_id, opened_at, self._token(session_id, current))

    def opened_at(self, session_id: UUID) -> float | None:
        """When the session was opened; None when it is not open."""
        row = self._file.execute("select opened_at from session where id = ?", (str(session_id),)).fetchone()
        return row[0] if row else None

    def sign_out(self, session_id: UUID, user_id: UUID, scope: Scope) -> None:
        """Close this session, all of the user's, or all of the user's but this one."""
        by_scope = {
            "local": "delete from session where user_id = ? and id = ?",
            "others": "delete from session where user_id = ? and id != ?",
            "global": "delete from session where user_id = ? or id = ?",
        }
        self._file.execute(by_scope[scope], (str(user_id), str(session_id)))

    @contextmanager
    def _transaction(self) -> Generator[None]:
        """What is done inside holds once it is left, also when it is left by an error."""
        self._file.execute("begin immediate")
        try:
            yield
        finally:
            self._file.execute("commit")

    def _token(self, session_id: UUID, count: int) -> str:
        body = _TOKEN.pack(session_id.bytes, count)
        return base64.urlsafe_b64encode(body + self._mac(body)).decode().rstrip("=")

    def _read(self, token: str) -> tuple[UUID, int]:
        try:
            raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars=b"-_", validate=True)
            body, mac = raw[: _TOKEN.size], raw[_TOKEN.size :]
            session_id, count = _TOKEN.unpack(body)
        except (binascii.Error, ValueError, struct.error):
            raise UnknownSession from None
        if not hmac.compare_digest(mac, self._mac(body)):
            raise UnknownSession
        return UUID(bytes=session_id), count

    def _mac(self, body: bytes) -> bytes:
        return hmac.new(self._secret, body, hashlib.sha256).digest()[:_MAC_BYTES]
