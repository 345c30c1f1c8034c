"""Cursors of the panel list: the place after a panel, opaque to clients."""

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID


class BadCursor(ValueError):
    """The cursor is none that we gave out."""


def encode_cursor(created_at: datetime, panel_id: UUID) -> str:
    """The place after this panel, newest first."""
    return base64.urlsafe_b64encode(f"{created_at.isoformat()} {panel_id}".encode()).decode().rstrip("=")


def decode_cursor(cursor: str) -> tuple[datetime, UUID]:
    """Time and id of the panel to go on after. Raises BadCursor."""
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode()
        created_at, _, panel_id = text.partition(" ")
        moment, panel = datetime.fromisoformat(created_at), UUID(panel_id)
        if moment.tzinfo is None:
            raise ValueError("a moment without a zone")
        return moment.astimezone(UTC), panel
    except (binascii.Error, ValueError, OverflowError):
        raise BadCursor("the cursor is not one of this list") from None
