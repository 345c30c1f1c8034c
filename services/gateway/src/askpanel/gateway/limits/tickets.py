"""That a stream ticket works once, whichever gateway it is brought to."""

from askpanel.gateway.stream.tickets import TicketRefused
from askpanel.runtime.cells import Cells, Overtaken
from askpanel.runtime.errors import LogUnavailable


class UsedTickets:
    """Remembers tickets by their numbers, for longer than they are valid."""

    def __init__(self, cells: Cells) -> None:
        self._cells = cells

    async def use(self, number: str) -> None:
        """Use a ticket that is valid otherwise. Raises TicketRefused the second time, or LogUnavailable.

        When no answer comes it may count as used: the client needs another ticket then.
        """
        try:
            await self._cells.write(number, b"", 0)
        except Overtaken:
            raise TicketRefused("the ticket was used already") from None
        except LogUnavailable as error:
            raise LogUnavailable(f"nobody can tell whether a ticket was used: {error}") from error
