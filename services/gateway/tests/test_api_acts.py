"""Cancelling a panel, and answering as its human."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from askpanel.contracts import ids
from askpanel.contracts.events import (
    HumanRequested,
    HumanResponded,
    PanelCancelRequested,
    PanelDeadlinePassed,
)
from services.gateway.tests.running import Running
from services.gateway.tests.stories import Story


def waiting_story(checkpoint: UUID) -> Story:
    """A hybrid panel that waits for its creator."""
    story = Story(name=str(uuid4()))
    story.created()
    story.started()
    story.add(
        HumanRequested(
            checkpoint_id=checkpoint,
            round_number=1,
            kind="input",
            question="What do you think?",
            actions=("answer", "approve", "veto"),
            deadline_at=datetime.now(UTC) + timedelta(hours=1),
        )
    )
    return story


async def test_a_cancel_is_one_wish_however_often_it_is_made(gateway: Running) -> None:
    panel = (await gateway.ask())["id"]

    answers = await asyncio.gather(
        *(gateway.post(f"/panels/{panel}/cancel", {"reason": "Enough."}) for _ in range(5))
    )
    bare = await gateway.post(f"/panels/{panel}/cancel")

    assert {answer.status_code for answer in (*answers, bare)} == {202}
    assert len({answer.text for answer in (*answers, bare)}) == 1
    stored = await gateway.stored(panel)
    assert [type(one.event) for one in stored[1:]] == [PanelCancelRequested]
    assert answers[0].json() == {"id": panel, "status": "cancelling", "sequence": stored[1].sequence}
    assert stored[1].envelope.causation_id == stored[0].envelope.id


async def test_who_may_cancel_and_when(gateway: Running) -> None:
    admins = (await gateway.ask(user="admin"))["id"]
    members = (await gateway.ask())["id"]
    ended = Story(name=str(uuid4())).whole()
    await gateway.append(ended.events)

    assert (await gateway.post(f"/panels/{admins}/cancel")).status_code == 403
    assert (await gateway.post(f"/panels/{members}/cancel", user="owner")).status_code == 202
    late = await gateway.post(f"/panels/{ended.ref.panel_id}/cancel")
    assert (late.status_code, late.json()["type"]) == (409, "urn:askpanel:problem:ended")
    assert (await gateway.post(f"/panels/{uuid4()}/cancel")).status_code == 404


async def test_a_cancel_comes_through_while_the_panel_moves(gateway: Running) -> None:
    story = Story(name=str(uuid4())).whole()
    await gateway.append(story.events[:1])

    async def move() -> None:
        for event in story.events[1:-4]:
            await gateway.log.append_once(event, recent=True)

    _, answer = await asyncio.gather(move(), gateway.post(f"/panels/{story.ref.panel_id}/cancel"))

    assert answer.status_code == 202
    kinds = [one.event.TYPE for one in await gateway.stored(story.ref.panel_id)]
    assert kinds.count("panel.cancel_requested") == 1


async def test_the_first_valid_human_answer_counts(gateway: Running) -> None:
    checkpoint = uuid4()
    story = waiting_story(checkpoint)
    await gateway.append(story.events)
    path = f"/panels/{story.ref.panel_id}/human-input"
    mine: dict[str, Any] = {
        "checkpoint_id": str(checkpoint), "action": "answer", "content": " Wait a year. ", "stance": "oppose",
    }  # fmt: skip

    wrong_action = await gateway.post(path, mine | {"action": "modify"})
    no_content = await gateway.post(path, mine | {"content": " "})
    elsewhere = await gateway.post(path, mine | {"checkpoint_id": str(uuid4())})
    first = await gateway.post(path, mine)
    again = await gateway.post(path, mine)
    other = await gateway.post(path, mine | {"content": "Go on."})
    owner = await gateway.post(path, mine, user="owner")

    assert (wrong_action.status_code, wrong_action.json()["errors"][0]["pointer"]) == (422, "/action")
    assert (no_content.status_code, no_content.json()["errors"][0]["pointer"]) == (422, "/content")
    assert (elsewhere.status_code, elsewhere.json()["type"]) == (409, "urn:askpanel:problem:nothing-awaits")
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.text == again.text
    assert (other.status_code, owner.status_code) == (409, 409)
    answer = (await gateway.stored(story.ref.panel_id))[-1].event
    assert isinstance(answer, HumanResponded)
    assert (answer.content, answer.stance, answer.round_number) == ("Wait a year.", "oppose", 1)
    assert answer.response_id == ids.row_id(story.ref.panel_id, "panel_responses", "human", checkpoint)


async def test_the_vote_of_a_panel_with_options_is_one_of_them(gateway: Running) -> None:
    checkpoint = uuid4()
    story = waiting_story(checkpoint)
    await gateway.append(story.events)
    path = f"/panels/{story.ref.panel_id}/human-input"
    mine = {"checkpoint_id": str(checkpoint), "action": "answer", "content": "Wait.", "option": "b"}

    unknown = await gateway.post(path, mine | {"option": "c"})
    first = await gateway.post(path, mine)
    again = await gateway.post(path, mine)
    other = await gateway.post(path, mine | {"option": "a"})

    assert (unknown.status_code, unknown.json()["errors"][0]["pointer"]) == (422, "/option")
    assert (first.status_code, again.status_code, other.status_code) == (202, 202, 409)
    answer = (await gateway.stored(story.ref.panel_id))[-1].event
    assert isinstance(answer, HumanResponded)
    assert (answer.option, answer.stance) == ("b", None)


async def test_of_two_people_who_answer_at_once_one_is_told_that_it_was_too_late(gateway: Running) -> None:
    checkpoint = uuid4()
    story = waiting_story(checkpoint)
    await gateway.append(story.events)
    path = f"/panels/{story.ref.panel_id}/human-input"
    body = {"checkpoint_id": str(checkpoint), "action": "approve"}

    answers = await asyncio.gather(
        *(gateway.post(path, body, user=user) for user in ("member", "admin", "owner"))
    )

    assert sorted(answer.status_code for answer in answers) == [202, 409, 409]
    answered = [
        one for one in await gateway.stored(story.ref.panel_id) if isinstance(one.event, HumanResponded)
    ]
    assert len(answered) == 1


async def test_an_answer_after_the_deadline_or_the_end_is_too_late(gateway: Running) -> None:
    checkpoint = uuid4()
    story = waiting_story(checkpoint)
    story.add(PanelDeadlinePassed(purpose="human", checkpoint_id=checkpoint))
    await gateway.append(story.events)
    body = {"checkpoint_id": str(checkpoint), "action": "approve"}

    late = await gateway.post(f"/panels/{story.ref.panel_id}/human-input", body)
    ended = Story(name=str(uuid4())).whole()
    await gateway.append(ended.events)
    over = await gateway.post(f"/panels/{ended.ref.panel_id}/human-input", body)

    assert (late.status_code, over.status_code) == (409, 409)
