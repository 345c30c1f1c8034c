"""`python3 deploy/docker/new_env.py > deploy/docker/.env`: fresh secrets for docker-compose.yml."""

import secrets

USERS = ("GATEWAY", "PROJECTOR", "ORCHESTRATOR", "EXPERT_RUNNER", "CONSENSUS", "USAGE", "ARCHIVER", "ADMIN")


def environment() -> dict[str, str]:
    """A secret each. NATS reads a password as configuration text: it begins with a letter."""
    made = {f"NATS_{user}_PASSWORD": f"ap{secrets.token_hex(20)}" for user in USERS}
    return made | {
        "JWT_ISSUER": "http://127.0.0.1:8080/auth/v1",
        "JWT_SECRET": secrets.token_hex(32),
        "TICKET_SECRET": secrets.token_hex(32),
        "MODEL": "scripted",
        "COMPOSE_PROFILES": "postgres",
        "PYTHON_IMAGE": "",
        "NODE_IMAGE": "",
    }


if __name__ == "__main__":
    print("\n".join(f"{name}={value}" for name, value in environment().items()))
