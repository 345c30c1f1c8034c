/** Which answer speaks to which, both ways. Pure. */
import { asks, type Draws } from "./draws";
import { type PanelState, type Round, responded, type Turn } from "./fold";

export interface Ref {
  readonly responseId: string;
  readonly name: string;
  readonly seat: number | null;
  readonly purpose: string;
}

/** What an answer answers, what answers it, and the questions that were put to it. */
export interface Links {
  readonly to: readonly Ref[];
  readonly from: readonly Ref[];
  readonly asked: readonly string[];
}

/** By the key of the turn; turns without a link have no entry. */
export function linksOf(panel: PanelState, draws: Draws): ReadonlyMap<string, Links> {
  const found = new Map<string, { to: Ref[]; from: Ref[]; asked: string[] }>();
  const entry = (turn: Turn) => {
    const known = found.get(turn.key) ?? { to: [], from: [], asked: [] };
    found.set(turn.key, known);
    return known;
  };
  for (const round of panel.rounds) {
    for (const turn of round.turns) {
      for (const target of targets(panel, round, turn, draws)) {
        if (target.response === null) continue;
        entry(turn).to.push(ref(target));
        if (turn.response !== null) entry(target).from.push(ref(turn));
        if (turn.purpose === "answer") entry(turn).asked.push(...questionsOf(target));
      }
    }
  }
  return found;
}

/** Who spoke and who has answered, in one word: the links are the same while it is. */
export function answeredSoFar(panel: PanelState): string {
  return panel.rounds
    .flatMap((round) => round.turns.map((turn) => `${turn.key}${responded(turn) ? "." : ""}`))
    .join(" ");
}

function targets(panel: PanelState, round: Round, turn: Turn, draws: Draws): readonly Turn[] {
  if (turn.seat === null) return [];
  switch (panel.created?.panel_type) {
    case "adversarial":
      // Which side speaks is known once it has spoken.
      return turn.purpose === "rebuttal" && responded(turn) ? rebutted(panel, turn) : [];
    case "socratic":
      return socratic(panel, round, turn, draws);
    case "hybrid":
      return (panel.rounds.find((one) => one.number === round.number - 1)?.turns ?? []).filter(
        (one) => one.role === "human" && one.text !== "",
      );
    default:
      return [];
  }
}

/** The other side's latest texts before this round, and the neutral seats' question to this side. */
function rebutted(panel: PanelState, turn: Turn): readonly Turn[] {
  const other = turn.role === "pro" ? "con" : "pro";
  const earlier = panel.rounds
    .flatMap((round) => round.turns)
    .filter(
      (one) =>
        responded(one) &&
        ((one.purpose === "view" && one.round === 2) ||
          (one.purpose === "rebuttal" && one.round < turn.round)),
    );
  const latest = new Map(earlier.filter((one) => one.role === other).map((one) => [one.seat, one]));
  const questions = panel.rounds
    .flatMap((round) => round.turns)
    .filter((one) => one.purpose === "question" && one.role === "neutral" && responded(one));
  return [...latest.values(), ...(turn.round === 2 ? questions : [])];
}

/** A question goes to the answer before it, an answer to the questions that were put to its seat. */
function socratic(panel: PanelState, round: Round, turn: Turn, draws: Draws): readonly Turn[] {
  if (turn.purpose === "question") {
    const seat = questioned(round.number, turn, draws);
    const before = panel.rounds
      .filter((one) => one.number < round.number && one.number % 2 === 1)
      .toReversed();
    for (const one of before) {
      const answer = one.turns.find((said) => said.seat === seat && responded(said));
      if (answer !== undefined) return [answer];
    }
    return [];
  }
  if (turn.purpose !== "answer") return [];
  const asking = panel.rounds.find((one) => one.number === round.number - 1)?.turns ?? [];
  return asking.filter((one) => responded(one) && questioned(round.number - 1, one, draws) === turn.seat);
}

/** Whose answer a question is about: the circle's next, or the moderator's n-th. */
function questioned(round: number, turn: Turn, draws: Draws): number | null {
  const place = /^\d+-(\d+)$/.exec(turn.step)?.[1];
  if (place !== undefined) return draws.get(`moderated:${round}`)?.[Number(place) - 1] ?? null;
  return turn.seat === null ? null : asks(draws.get("ring") ?? [], turn.seat, round);
}

function ref(turn: Turn): Ref {
  return {
    responseId: turn.response?.response_id ?? "",
    name: turn.name,
    seat: turn.seat,
    purpose: turn.purpose,
  };
}

function questionsOf(turn: Turn): readonly string[] {
  return turn.response !== null && "answer" in turn.response ? (turn.response.answer.questions ?? []) : [];
}
