"""Settings of the sign-in process. `askpanel up` sets all of them; there is no default for any secret."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class SignInSettings(BaseSettings):
    """Names in the environment: `ASKPANEL_SIGN_IN_` and the field's name in capitals.

    There is no setting for the address: it is loopback.
    """

    model_config = SettingsConfigDict(env_prefix="ASKPANEL_SIGN_IN_", frozen=True, extra="ignore")

    port: int = Field(ge=0, le=65535, description="Its port; 0: any free one.")
    sessions: Path = Field(description="File of the open sessions.")
    issuer: str = Field(min_length=1, description="`iss` of tokens.")
    jwt_secret: SecretStr = Field(min_length=32, description="Signs access tokens (HS256).")
    refresh_secret: SecretStr = Field(min_length=32, description="Signs refresh tokens.")
    anon_key: str = Field(min_length=1, description="The key that clients send as `apikey`; not a secret.")
    passwords: dict[str, SecretStr] = Field(min_length=1, description="A JSON object: password by email.")
    origins: tuple[str, ...] = Field(
        default=(), description="A JSON list: origins that may call from a browser."
    )
