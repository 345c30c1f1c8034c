"""The scripted experts of the shared stack: who answers at once, who is slow, who never answers.

The catalogue of a scripted stack holds `expert-0` to `expert-11`; the first three, in
`tests.harness.stack.EXPERTS`, support everything and never fail.
"""

OPPOSED = "expert-3"
SLOW = "expert-4"
SLOW_SECONDS = 3
REFUSING = ("expert-5", "expert-6", "expert-7")
"""Their model declines to answer: the provider is there."""
LOCKED_OUT = ("expert-8", "expert-9", "expert-10")
"""Their provider turns the key down: no use in trying again."""
BROKEN = "expert-11"
"""Its provider fails on every attempt."""

SHARED_MODEL = ",".join(
    (
        "scripted:latency=0.05",
        f"stance.{OPPOSED}=oppose",
        f"latency.{SLOW}={SLOW_SECONDS}",
        *(f"fail.{agent}=refusal" for agent in REFUSING),
        *(f"fail.{agent}=401" for agent in LOCKED_OUT),
        f"fail.{BROKEN}=500",
    )
)
