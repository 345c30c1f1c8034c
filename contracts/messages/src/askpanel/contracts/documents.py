"""The event table of the documentation, and how generated text gets into a page written by hand."""

from askpanel.contracts.events import EVENTS
from askpanel.contracts.schemas import Schema, event_schemas
from askpanel.contracts.subjects import all_of
from askpanel.contracts.topology import DURABLES

BEGIN = "<!-- generated: events -->"
END = "<!-- end of generated -->"


class NoMarkers(ValueError):
    """The page has no place for generated text."""


def event_table() -> str:
    """A row per event type in Markdown: owner, who takes it, data, what it becomes for a browser."""
    rows = ["| type | v | written by | taken by | data | SSE |", "|---|---|---|---|---|---|"]
    for (key, schema), event in zip(event_schemas().items(), EVENTS.values(), strict=True):
        takers = [durable.service for durable in DURABLES if all_of(event.TYPE) in durable.filters]
        link = f"[`{event.TYPE}`](../contracts/messages/schemas/{key}.json)"
        sse = f"`{event.SSE}`" if event.SSE else ""
        rows.append(
            f"| {link} | {event.VERSION} | {event.OWNER} | {', '.join(takers)} | {_fields(schema)} | {sse} |"
        )
    return "\n".join(rows)


def with_generated(page: str, text: str) -> str:
    """The page with `text` between its markers. Raises NoMarkers."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise NoMarkers(f"the page has no {BEGIN} … {END}")
    return f"{before}{BEGIN}\n\n{text}\n\n{END}{after}"


def _fields(schema: Schema) -> str:
    required = set(schema.get("required", ()))
    return ", ".join(name if name in required else f"{name}?" for name in schema.get("properties", {}))
