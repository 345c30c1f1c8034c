"""Admissions that are asked at the same moment are decided together, in their order, and counted one by one."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID, uuid4

import pytest

from askpanel.contracts.events import PanelCreated
from askpanel.gateway.admission import Admitted, Standing
from askpanel.gateway.readmodel.views import QuotaView
from askpanel.gateway.together import MOST_RACES, Admissions, Contended, Decide
from askpanel.runtime.errors import LogUnavailable
from services.gateway.tests.stories import Story

TENANT = uuid4()
QUOTA = QuotaView(
    panels_this_month=0,
    running_panels=0,
    spent_usd_this_month=Decimal(0),
    reserved_usd_this_month=Decimal(0),
    month_ends_at=datetime(2030, 1, 1, tzinfo=UTC),
)
CREATED = next(one.event for one in Story("together").whole().events if isinstance(one.event, PanelCreated))


class Full(Exception):
    pass


def at_most(panels: int) -> Decide:
    def decide(standing: Standing) -> PanelCreated:
        if len(standing.waiting) >= panels:
            raise Full
        return CREATED

    return decide


class Paper:
    """A ledger of one tenant in memory; `held` keeps the first reader waiting, `losses` are others' writes."""

    def __init__(self, *, losses: int = 0, down: bool = False) -> None:
        self.entered: Sequence[Admitted] = ()
        self.revision = self.reads = self.writes = 0
        self.held = asyncio.Event()
        self._losses, self._down = losses, down

    async def read(self, tenant_id: UUID) -> tuple[tuple[Admitted, ...], int]:
        self.reads += 1
        await self.held.wait()
        if self._down:
            raise LogUnavailable("away")
        return tuple(self.entered), self.revision

    async def write(self, _: UUID, admitted: Sequence[Admitted], revision: int) -> bool:
        self.writes += 1
        if self._losses:
            self._losses -= 1
            return False
        assert revision == self.revision
        self.entered, self.revision = tuple(admitted), revision + 1
        return True

    async def kept(self, _: UUID, admitted: Sequence[Admitted], shown: object) -> list[Admitted]:
        return list(admitted)


async def used(_: Sequence[UUID]) -> QuotaView:
    return QUOTA


def asked(
    admissions: Admissions, decide: Decide, panels: Sequence[UUID]
) -> "list[asyncio.Task[PanelCreated]]":
    return [asyncio.create_task(admissions.let_in(TENANT, panel, decide, used)) for panel in panels]


def admissions_on(paper: Paper) -> Admissions:
    return Admissions(paper)  # pyright: ignore[reportArgumentType]  (only these three methods are used)


async def outcomes(tasks: "Sequence[asyncio.Task[PanelCreated]]") -> list[bool]:
    async with asyncio.timeout(5):
        return [isinstance(one, PanelCreated) for one in await asyncio.gather(*tasks, return_exceptions=True)]


async def test_who_waits_goes_together_and_the_first_to_ask_are_let_in() -> None:
    paper = Paper()
    tasks = asked(admissions_on(paper), at_most(5), [uuid4() for _ in range(12)])
    await asyncio.sleep(0)
    paper.held.set()
    assert await outcomes(tasks) == [True] * 5 + [False] * 7
    assert (paper.reads, paper.writes, len(paper.entered)) == (2, 2, 5), (
        "the first alone, then all who waited"
    )


async def test_the_same_panel_twice_counts_once() -> None:
    paper = Paper()
    paper.held.set()
    panel = uuid4()
    assert await outcomes(asked(admissions_on(paper), at_most(1), [panel, panel])) == [True, True]
    assert [one.panel_id for one in paper.entered] == [panel]


async def test_what_the_tables_count_is_not_counted_twice_and_counts_where_older_tables_are_read() -> None:
    paper = Paper()
    paper.held.set()
    admissions = admissions_on(paper)

    async def counts_all(panels: Sequence[UUID]) -> QuotaView:
        return QUOTA.model_copy(update={"shown": frozenset(panels)})

    for _ in range(3):
        await admissions.let_in(TENANT, uuid4(), at_most(1), counts_all)
    assert len(paper.entered) == 3
    with pytest.raises(Full):
        await admissions.let_in(TENANT, uuid4(), at_most(3), used)
    assert await admissions.let_in(TENANT, uuid4(), at_most(4), used) == CREATED


async def test_where_nobody_is_let_in_nothing_is_written() -> None:
    paper = Paper()
    paper.held.set()
    assert await outcomes(asked(admissions_on(paper), at_most(0), [uuid4(), uuid4()])) == [False, False]
    assert paper.writes == 0


async def test_whoever_loses_to_another_gateway_looks_again() -> None:
    paper = Paper(losses=3)
    paper.held.set()
    assert await outcomes(asked(admissions_on(paper), at_most(9), [uuid4(), uuid4()])) == [True, True]
    assert (paper.writes, len(paper.entered)) == (3 + 2, 2)
    with pytest.raises(Contended):
        await admissions_on(Always()).let_in(TENANT, uuid4(), at_most(9), used)


class Always(Paper):
    """Others are always first."""

    def __init__(self) -> None:
        super().__init__(losses=MOST_RACES)
        self.held.set()


async def test_an_outage_is_told_to_everybody_at_once() -> None:
    paper = Paper(down=True)
    tasks = asked(admissions_on(paper), at_most(9), [uuid4() for _ in range(3)])
    await asyncio.sleep(0)
    paper.held.set()
    for task in tasks:
        with pytest.raises(LogUnavailable):
            await task
    assert paper.reads == 2, "once by the first, once for those who waited"


async def test_what_goes_wrong_for_who_reads_the_tables_is_not_the_others_trouble() -> None:
    async def stranger(_: Sequence[UUID]) -> QuotaView:
        raise PermissionError

    paper = Paper()
    admissions = admissions_on(paper)
    first = asyncio.create_task(admissions.let_in(TENANT, uuid4(), at_most(2), stranger))
    await asyncio.sleep(0)
    others = asked(admissions, at_most(2), [uuid4(), uuid4()])
    await asyncio.sleep(0)
    paper.held.set()
    with pytest.raises(PermissionError):
        await first
    assert await outcomes(others) == [True, True]


async def test_if_the_one_who_decides_is_cut_off_the_next_decides() -> None:
    paper = Paper()
    first, *others = asked(admissions_on(paper), at_most(2), [uuid4() for _ in range(3)])
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    paper.held.set()
    assert await outcomes(others) == [True, True]
    assert first.cancelled()


async def test_another_tenant_does_not_wait() -> None:
    admissions = admissions_on(Two())
    slow = asyncio.create_task(admissions.let_in(TENANT, uuid4(), at_most(1), used))
    async with asyncio.timeout(5):
        assert await admissions.let_in(uuid4(), uuid4(), at_most(1), used) == CREATED
    assert not slow.done()
    slow.cancel()


class Two(Paper):
    """The ledger of one tenant does not answer, that of others does."""

    async def read(self, tenant_id: UUID) -> tuple[tuple[Admitted, ...], int]:
        if tenant_id == TENANT:
            await self.held.wait()
        return (), self.revision
