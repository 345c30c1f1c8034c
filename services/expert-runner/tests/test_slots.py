"""Who is given a free slot."""

import asyncio
from collections import Counter
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from askpanel.expert_runner.slots import Slots

A, B, C = uuid4(), uuid4(), uuid4()


class Scene:
    """Slots with those who wait for one, and who has got one, in the order of getting."""

    def __init__(self, number: int) -> None:
        self.slots = Slots(number)
        self.got = list[UUID]()
        self.waiting = list[tuple[UUID, asyncio.Task[None]]]()

    async def ask(self, *tenants: UUID) -> None:
        """Stand in line for these, in this order."""
        for tenant_id in tenants:
            self.waiting.append((tenant_id, asyncio.create_task(self._take(tenant_id))))
            await settled()

    async def _take(self, tenant_id: UUID) -> None:
        await self.slots.take(tenant_id)
        self.got.append(tenant_id)

    async def free(self, *tenants: UUID) -> list[UUID]:
        """These give one back, in this order; who got one for it."""
        before = len(self.got)
        for tenant_id in tenants:
            self.slots.give_back(tenant_id)
            await settled()
        return self.got[before:]


async def settled() -> None:
    """Let everybody hear."""
    for _ in range(4):
        await asyncio.sleep(0)


async def test_a_free_slot_goes_to_who_holds_the_fewest_and_not_to_who_came_first() -> None:
    scene = Scene(4)
    await scene.ask(*[A] * 20, *[B] * 4)
    assert scene.got == [A] * 4
    assert await scene.free(A, A) == [B, B]
    assert await scene.free(A, B, A) == [A, B, A], "each has two, and keeps them"


async def test_with_fewer_slots_than_tenants_they_have_their_turns() -> None:
    scene = Scene(1)
    await scene.ask(*[A] * 4, *[B] * 2, C)
    assert await scene.free(A, A, B, C, A, B) == [A, B, C, A, B, A]


async def test_of_one_tenant_who_came_first_is_first() -> None:
    scene = Scene(1)
    first = [asyncio.create_task(scene.slots.take(A)) for _ in range(3)]
    for number, task in enumerate(first):
        await settled()
        assert [one.done() for one in first] == [place <= number for place in range(3)]
        assert task.done()
        scene.slots.give_back(A)


async def test_who_stops_waiting_leaves_the_slot_to_the_next_even_if_it_was_just_dealt() -> None:
    scene = Scene(1)
    await scene.ask(A, A, B)
    (_, late), (_, other) = scene.waiting[1:]
    late.cancel()
    await settled()
    scene.slots.give_back(A)
    other.cancel()  # dealt to it, and not yet heard
    await settled()
    assert (scene.got, other.cancelled()) == ([A], True)
    await scene.ask(C)
    assert scene.got == [A, C]


@given(
    st.integers(1, 4),
    st.lists(st.tuples(st.sampled_from([A, B, C]), st.sampled_from(["take", "free", "stop"]))),
)
async def test_no_slot_is_free_while_anybody_waits_and_none_is_given_twice(
    number: int, steps: list[tuple[UUID, str]]
) -> None:
    scene, freed, stopped = Scene(number), Counter[UUID](), set[asyncio.Task[None]]()
    for tenant_id, step in steps:
        waiting = [task for who, task in scene.waiting if who == tenant_id and not task.done()]
        if step == "take":
            await scene.ask(tenant_id)
        elif step == "free" and scene.got.count(tenant_id) > freed[tenant_id]:
            freed[tenant_id] += 1
            await scene.free(tenant_id)
        elif step == "stop" and waiting:
            waiting[-1].cancel()
            stopped.add(waiting[-1])
            await settled()
        held = len(scene.got) - freed.total()
        wanted = len(scene.waiting) - len(stopped) - freed.total()
        assert held == min(number, wanted)
    for _, task in scene.waiting:
        task.cancel()
    await settled()
