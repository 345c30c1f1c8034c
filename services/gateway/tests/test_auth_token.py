"""Verification of access tokens: what is believed, and what never is."""

import base64
import hashlib
import hmac
import json
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

from askpanel.gateway.auth.token import Keys, TokenPolicy, TokenRefused, UnknownKey, usable_keys, verify

NOW = 1_800_000_000.0
ISSUER = "https://project.supabase.co/auth/v1"
SECRET = "a-legacy-secret-of-at-least-32-bytes"
POLICY = TokenPolicy(issuer=ISSUER)
USER = uuid4()

EC_KEY = ec.generate_private_key(ec.SECP256R1())
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def public_jwk(kid: str, key: Any, **more: Any) -> dict[str, Any]:
    to_jwk: Any = (ECAlgorithm if isinstance(key, ec.EllipticCurvePrivateKey) else RSAAlgorithm).to_jwk
    return json.loads(to_jwk(key.public_key())) | {"kid": kid, "use": "sig"} | more


KEYS = Keys(SECRET, usable_keys({"keys": [public_jwk("ec-1", EC_KEY), public_jwk("rsa-1", RSA_KEY)]}))


def claims(**changes: Any) -> dict[str, Any]:
    usual = {
        "iss": ISSUER,
        "aud": "authenticated",
        "role": "authenticated",
        "sub": str(USER),
        "exp": NOW + 60,
    }
    return {name: value for name, value in (usual | changes).items() if value is not None}


def signed(key: Any = SECRET, algorithm: str = "HS256", *, headers: Any = None, **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers=headers)


def handmade(header: dict[str, Any], secret: bytes, **changes: Any) -> str:
    """A token no library would make."""

    def part(value: Any) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    text = f"{part(header)}.{part(claims(**changes))}"
    mac = hmac.new(secret, text.encode(), hashlib.sha256).digest() if secret else b""
    return f"{text}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"


@pytest.mark.parametrize(
    ("key", "algorithm", "kid"),
    [(SECRET, "HS256", None), (EC_KEY, "ES256", "ec-1"), (RSA_KEY, "RS256", "rsa-1")],
)
def test_a_token_signed_with_a_known_key_proves_its_user(key: Any, algorithm: str, kid: str | None) -> None:
    token = signed(key, algorithm, headers={"kid": kid} if kid else None)

    identity = verify(token, KEYS, POLICY, now=NOW)

    assert (identity.user_id, identity.role, identity.expires_at) == (USER, "authenticated", NOW + 60)


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "NONE", "nOnE", "", None, "HS512", "PS256", "EdDSA", ["ES256"], {}, 1, True]
)
def test_no_other_algorithm_is_ever_accepted(algorithm: object) -> None:
    for secret in (b"", SECRET.encode()):
        with pytest.raises(TokenRefused):
            verify(handmade({"alg": algorithm, "kid": "ec-1"}, secret), KEYS, POLICY, now=NOW)


def test_a_public_key_never_serves_as_an_hmac_secret() -> None:
    public = EC_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    token = handmade({"alg": "HS256", "kid": "ec-1"}, public)

    with pytest.raises(TokenRefused):
        verify(token, KEYS, POLICY, now=NOW)
    with pytest.raises(TokenRefused):
        verify(token, Keys(None, KEYS.by_id), POLICY, now=NOW)


def test_hs256_is_refused_where_no_secret_is_configured() -> None:
    with pytest.raises(TokenRefused, match="algorithm"):
        verify(signed(), Keys(None, KEYS.by_id), POLICY, now=NOW)


def test_the_algorithm_must_fit_the_type_of_the_key() -> None:
    token = signed(RSA_KEY, "RS256", headers={"kid": "ec-1"})

    with pytest.raises(TokenRefused, match="does not fit"):
        verify(token, KEYS, POLICY, now=NOW)


def test_keys_that_a_token_brings_along_are_not_looked_at() -> None:
    mine = ec.generate_private_key(ec.SECP256R1())
    jwk = public_jwk("mine", mine)
    for headers in (
        {"kid": "mine", "jwk": jwk},
        {"kid": "mine", "jku": "http://127.0.0.1:9/keys.json"},
        {"kid": "mine", "x5u": "http://127.0.0.1:9/cert.pem"},
    ):
        with pytest.raises(UnknownKey):
            verify(signed(mine, "ES256", headers=headers), KEYS, POLICY, now=NOW)
    with pytest.raises(TokenRefused, match="signature"):
        verify(signed(mine, "ES256", headers={"kid": "ec-1", "jwk": jwk}), KEYS, POLICY, now=NOW)


@pytest.mark.parametrize("kid", ["../../dev/null", "ec-1' OR '1'='1", "", "ec-1\x00"])
def test_a_strange_key_id_is_an_unknown_key(kid: str) -> None:
    with pytest.raises(UnknownKey):
        verify(signed(EC_KEY, "ES256", headers={"kid": kid}), KEYS, POLICY, now=NOW)


def test_critical_extensions_are_refused() -> None:
    with pytest.raises(TokenRefused, match="extension"):
        verify(
            handmade({"alg": "HS256", "crit": ["b64"], "b64": False}, SECRET.encode()), KEYS, POLICY, now=NOW
        )


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"exp": NOW - 31}, "expired"),
        ({"exp": None}, "exp"),
        ({"exp": "tomorrow"}, "exp"),
        ({"exp": True}, "exp"),
        ({"exp": 1e300}, "exp"),
        ({"nbf": NOW + 31}, "not valid yet"),
        ({"iss": "https://other.supabase.co/auth/v1"}, "issuer"),
        ({"iss": None}, "issuer"),
        ({"aud": "anon"}, "audience"),
        ({"aud": None}, "audience"),
        ({"role": "service_role"}, "role"),
        ({"role": "anon"}, "role"),
        ({"role": None}, "role"),
        ({"sub": "admin"}, "subject"),
        ({"sub": None}, "subject"),
    ],
)
def test_a_claim_that_does_not_hold_refuses_the_token(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(TokenRefused, match=why):
        verify(handmade({"alg": "HS256"}, SECRET.encode(), **changes), KEYS, POLICY, now=NOW)


@pytest.mark.parametrize("changes", [{"exp": NOW - 29}, {"nbf": NOW + 29}, {"aud": ["x", "authenticated"]}])
def test_clocks_may_differ_by_half_a_minute(changes: dict[str, Any]) -> None:
    assert verify(signed(**changes), KEYS, POLICY, now=NOW).user_id == USER


@pytest.mark.parametrize(
    "token", ["", ".", "..", "a.b", "a.b.c", "e30.e30.", "x" * 9000, "W10.e30.x", "\x00.\x00.\x00"]
)
def test_what_is_no_token_is_refused(token: str) -> None:
    with pytest.raises(TokenRefused):
        verify(token, KEYS, POLICY, now=NOW)


def test_a_changed_token_is_refused() -> None:
    head, _, signature = signed().split(".")
    other = signed(sub=str(UUID(int=1))).split(".")[1]

    with pytest.raises(TokenRefused, match="signature"):
        verify(f"{head}.{other}.{signature}", KEYS, POLICY, now=NOW)


def test_only_signature_keys_of_known_types_are_taken_from_a_jwks() -> None:
    document = {
        "keys": [
            public_jwk("good", EC_KEY),
            public_jwk("for-encryption", EC_KEY, use="enc"),
            public_jwk("p384", ec.generate_private_key(ec.SECP384R1())),
            {"kty": "oct", "k": "c2VjcmV0", "kid": "symmetric"},
            {"kty": "EC", "kid": "broken"},
            "noise",
        ]
    }
    assert set(usable_keys(document)) == {"good"}
    wrongs: list[Any] = [[], {}, {"keys": {}}, None, "keys"]
    for wrong in wrongs:
        with pytest.raises(ValueError, match="JWKS"):
            usable_keys(wrong)
