"""How many streams each user has open in this process."""

from collections import Counter
from uuid import UUID


class Slots:
    """Counts open streams by user; `most` is None where limits are off."""

    def __init__(self, most: int | None) -> None:
        self.most = most
        self._open: Counter[UUID] = Counter()

    def take(self, user_id: UUID) -> bool:
        """Count one more, if the user may have it."""
        if self.most is not None and self._open[user_id] >= self.most:
            return False
        self._open[user_id] += 1
        return True

    def give_back(self, user_id: UUID) -> None:
        """Count one less."""
        self._open[user_id] -= 1
        if self._open[user_id] <= 0:
            del self._open[user_id]
