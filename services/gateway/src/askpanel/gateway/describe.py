"""Prints the API's own description without starting it: `python -m askpanel.gateway.describe > openapi.json`."""

import json
import sys

from pydantic import SecretStr

from askpanel.gateway.app import create_app
from askpanel.gateway.settings import GatewaySettings


def description() -> str:
    """OpenAPI 3.1 as JSON text, of a gateway with the default settings. Nobody is connected to."""
    nowhere = GatewaySettings(
        nats_url="nats://127.0.0.1:0",
        database_url=SecretStr("postgresql://127.0.0.1:0/none"),
        jwt_issuer="nobody",
        jwt_secret=SecretStr("signs nothing; as long as one has to be"),
    )
    return json.dumps(create_app(nowhere).openapi(), indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(description())
