"""The matching rule of NATS."""


def covers(pattern: str, subject: str) -> bool:
    """Whether a subject matches: `*` is one token, a last `>` one or more."""
    wanted, given = pattern.split("."), subject.split(".")
    if wanted[-1] == ">":
        wanted = wanted[:-1]
        given, rest = given[: len(wanted)], given[len(wanted) :]
        if not rest:
            return False
    return len(wanted) == len(given) and all(
        one in ("*", other) for one, other in zip(wanted, given, strict=True)
    )
