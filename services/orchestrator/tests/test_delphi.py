from askpanel.contracts.answer import Forecast
from askpanel.contracts.blocks import ItemBlock, PeerAnswerBlock, StatisticsBlock
from askpanel.contracts.events import AgreementPoint, ConsensusRequested, ExpertRequested

from .simulator import Simulation, begin, calculated, created, failed, items, kinds, responded


def statistics(request: ExpertRequested) -> list[StatisticsBlock]:
    return [block for block in request.context.blocks if isinstance(block, StatisticsBlock)]


def rated(ratings: dict[int, tuple[int | None, ...]]) -> Simulation:
    """A panel on options a and b whose seats give these ratings in every round."""
    event = created("delphi", len(ratings), options=["a", "b"])
    return begin(event).run(lambda request: responded(request, ratings=ratings[request.seat]))


def test_options_are_rated_from_round_1_in_their_order() -> None:
    panel = rated({0: (7, 1), 1: (8, 2), 2: (7, 1)})
    for step in ("1", "2"):
        for request in panel.requests(step):
            assert request.purpose == "rating"
            assert [block.id for block in items(request) if isinstance(block, ItemBlock)] == ["a", "b"]
    assert [r.response_type for r in (panel.requests("1")[0], panel.requests("2")[0])] == [
        "analysis",
        "statement",
    ]
    assert [request.method for request in panel.of(ConsensusRequested)] == ["delphi", "delphi"]


def test_round_1_sees_no_statistics() -> None:
    assert kinds(rated({0: (7, 1), 1: (8, 2), 2: (7, 1)}).requests("1")[0]) == ["question", "item", "item"]


def test_later_rounds_see_the_figures_of_the_round_before_and_reasons_by_label() -> None:
    panel = rated({0: (1, 5), 1: (8, None), 2: (7, 5)})
    request = panel.request("2", 0)
    assert kinds(request) == [
        *("question", "item", "item", "statistics", "statistics"),
        *("own_answer", "peer_answer", "peer_answer"),
    ]
    first, second = statistics(request)
    assert (first.item, first.n, first.median, first.lower_quartile, first.upper_quartile) == (
        *("a", 3, 7),
        *(4, 7.5),
    )
    assert first.histogram == (1, 0, 0, 0, 0, 0, 1, 1, 0)
    assert (first.own_rating, first.explain) == (1, True)
    assert (second.n, second.own_rating, second.explain) == (2, 5, False)
    assert statistics(panel.request("2", 1))[1].own_rating is None
    peers = [block for block in request.context.blocks if isinstance(block, PeerAnswerBlock)]
    assert all((p.position, p.stance, p.option) == (None, None, None) for p in peers)


def test_without_options_round_1_is_a_plain_vote_and_its_points_become_the_items() -> None:
    panel = begin(created("delphi", 3)).run(
        count=lambda request: calculated(
            request,
            agreement_points=(
                AgreementPoint(text="Held by two", supporters=("agent-0", "agent-1"), n=2),
                AgreementPoint(text="Held by all", supporters=("agent-0", "agent-1", "agent-2"), n=3),
            )
            if request.round_number == 1
            else (),
        )
    )
    assert [request.method for request in panel.of(ConsensusRequested)] == ["majority", "delphi", "delphi"]
    assert {tuple(kinds(request)) for request in panel.requests("1")} == {("question",)}
    rows = {
        tuple(block.text for block in items(r) if isinstance(block, ItemBlock)) for r in panel.requests("2")
    }
    assert len(rows) == 1
    texts = next(iter(rows))
    assert texts[:2] == ("Held by all", "Held by two")
    assert sorted(texts[2:]) == ["A shared point", *(f"Point of seat {seat}" for seat in range(3))]
    assert items(panel.requests("3")[0]) == items(panel.requests("2")[0])


def test_there_are_at_most_nine_items() -> None:
    points = tuple(f"Point {n} of" for n in range(4))
    panel = begin(created("delphi", 5)).run(
        lambda r: responded(r, key_points=tuple(f"{point} {r.seat}" for point in points))
    )
    assert len(items(panel.requests("2")[0])) == 9


def test_it_never_ends_after_round_1() -> None:
    event = created("delphi", 3, options=["a"])
    panel = begin(event).run(count=lambda request: calculated(request, 1.0))
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("threshold_reached", 2)


def test_stable_ratings_end_it_from_round_2() -> None:
    panel = rated({0: (1, 5), 1: (9, 5), 2: (5, 5)})
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("stable", 2)


def test_ratings_that_move_go_on_to_the_last_round() -> None:
    event = created("delphi", 3, options=["a"])
    panel = begin(event).run(lambda r: responded(r, ratings=(r.seat + 2 * r.round_number,)))
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("max_rounds", 3)


def test_a_level_above_the_threshold_does_not_end_it_while_an_item_is_in_disagreement() -> None:
    ratings = {
        1: {0: 5, 1: 5, 2: 5, 3: 5, 4: 5},
        2: {0: 1, 1: 1, 2: 5, 3: 9, 4: 9},
        3: {0: 1, 1: 1, 2: 5, 3: 9, 4: 9},
    }
    event = created("delphi", 5, options=["a"])
    panel = begin(event).run(
        lambda r: responded(r, ratings=(ratings[r.round_number][r.seat],)),
        lambda request: calculated(request, 1.0),
    )
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("stable", 3)


def test_a_seat_that_fails_keeps_its_last_rating_in_the_figures() -> None:
    event = created("delphi", 3, options=["a"])
    panel = begin(event).run(
        lambda r: (
            failed(r) if (r.seat, r.round_number) == (2, 2) else responded(r, ratings=(3 * r.round_number,))
        )
    )
    assert panel.of(ConsensusRequested)[1].carried == (2,)
    found = statistics(panel.requests("3")[0])[0]
    assert (found.n, found.histogram) == (3, (0, 0, 1, 0, 0, 2, 0, 0, 0))


def test_a_position_is_not_carried_into_ratings() -> None:
    panel = begin(created("delphi", 3))
    panel.run(lambda r: failed(r) if (r.seat, r.round_number) == (2, 2) else responded(r))
    second = panel.of(ConsensusRequested)[1]
    assert (second.carried, second.missing) == ((), (2,))


def test_a_forecast_asks_for_a_number_in_every_round() -> None:
    quantity = {"unit": "days", "minimum": 0, "maximum": 80}
    values = {0: 10.0, 1: 20.0, 2: 60.0}
    panel = begin(created("delphi", 3, configuration={"quantity": quantity})).run(
        lambda r: responded(r, forecast=Forecast(value=values[r.seat]))
    )
    assert kinds(panel.requests("1")[0]) == ["question", "quantity"]
    found = statistics(panel.request("2", 2))
    assert len(found) == 1
    assert (found[0].item, found[0].median, found[0].lower_quartile, found[0].upper_quartile) == (
        *(None, 20),
        *(15, 40),
    )
    assert (found[0].own_forecast, found[0].explain, found[0].histogram) == (60, True, ())
    assert not statistics(panel.request("2", 1))[0].explain
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("stable", 2)


def test_a_forecast_out_of_bounds_is_left_out_of_the_figures() -> None:
    quantity = {"unit": "days", "minimum": 0, "maximum": 80}
    panel = begin(created("delphi", 3, configuration={"quantity": quantity})).run(
        lambda r: responded(r, forecast=Forecast(value=-5.0 if r.seat == 0 else 10.0))
    )
    found = statistics(panel.request("2", 0))[0]
    assert (found.n, found.own_forecast) == (2, None)


def test_nobody_with_a_statement_leaves_nothing_to_rate() -> None:
    panel = begin(created("delphi", 3)).run(lambda r: responded(r, key_points=(), position=" "))
    assert (panel.ending.stop_reason, panel.ending.rounds) == ("nothing_new", 1)
