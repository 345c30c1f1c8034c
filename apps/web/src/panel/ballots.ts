/** Which answers state the speaker's own view, and which view that is. Pure. */
import type { Stance } from "./events";
import type { PanelState, Turn } from "./fold";

/** The stance a seat holds now: that of its last answer with one that counts. */
export function stanceOf(state: PanelState, seat: number): Stance | null {
  const turn = lastVote(state, seat);
  return turn === null ? null : statedStance(turn);
}

/** The last answer of a seat that states its own view; null before one. */
export function lastVote(state: PanelState, seat: number): Turn | null {
  for (const round of state.rounds.toReversed()) {
    const turn = round.turns.findLast((one) => one.seat === seat && statedStance(one) !== null);
    if (turn !== undefined) return turn;
  }
  return null;
}

const NOT_BALLOTS: ReadonlySet<string> = new Set(["question", "rebuttal", "judgement", "synthesis"]);

/** The stance an answer states, null for one that states none: a rating says it in numbers. */
export function statedStance(turn: Turn): Stance | null {
  const { response } = turn;
  if (response === null || !isBallot(turn)) return null;
  if ("answer" in response && (response.answer.ratings || response.answer.forecast)) return null;
  return response.stance ?? null;
}

/** Whether an answer states the speaker's own view: a speech for an assigned side does not. */
export function isBallot(turn: Turn): boolean {
  return (
    !NOT_BALLOTS.has(turn.purpose) && !["pro", "con", "neutral", "judge", "moderator"].includes(turn.role)
  );
}
