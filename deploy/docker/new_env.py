"""`python3 deploy/docker/new_env.py [--webhooks] > deploy/docker/.env`: fresh secrets for docker-compose.yml.

With `--webhooks` also the process that sends events to addresses of the tenants.
"""

import secrets
import sys

USERS = ("GATEWAY", "PROJECTOR", "ORCHESTRATOR", "EXPERT_RUNNER", "CONSENSUS", "USAGE", "ARCHIVER", "ADMIN")


def environment(*, webhooks: bool = False) -> dict[str, str]:
    """A secret each. NATS reads a password as configuration text: it begins with a letter."""
    users = (*USERS, "WEBHOOKS") if webhooks else USERS
    made = {f"NATS_{user}_PASSWORD": f"ap{secrets.token_hex(20)}" for user in users}
    if webhooks:
        made |= {
            "WEBHOOKS": "true",
            "WEBHOOK_SECRET": secrets.token_hex(32),
            "NATS_PERMISSIONS": "permissions-webhooks.conf",
        }
    return made | {
        "JWT_ISSUER": "http://127.0.0.1:8080/auth/v1",
        "JWT_SECRET": secrets.token_hex(32),
        "TICKET_SECRET": secrets.token_hex(32),
        "MODEL": "scripted",
        "COMPOSE_PROFILES": "postgres,webhooks" if webhooks else "postgres",
        "PYTHON_IMAGE": "",
        "NODE_IMAGE": "",
    }


if __name__ == "__main__":
    print(
        "\n".join(
            f"{name}={value}" for name, value in environment(webhooks="--webhooks" in sys.argv[1:]).items()
        )
    )
