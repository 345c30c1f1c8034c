/** Which answer speaks to which, both ways, as the log says: `answers` of `expert_speaking`. Pure. */
import type { PanelState, Turn } from "./fold";

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
export function linksOf(panel: PanelState): ReadonlyMap<string, Links> {
  const turns = panel.rounds.flatMap((round) => round.turns);
  const byResponse = new Map(turns.map((turn) => [turn.response?.response_id, turn]));
  const found = new Map<string, { to: Ref[]; from: Ref[]; asked: string[] }>();
  const entry = (turn: Turn) => {
    const known = found.get(turn.key) ?? { to: [], from: [], asked: [] };
    found.set(turn.key, known);
    return known;
  };
  for (const turn of turns) {
    for (const { response_id } of turn.answers) {
      const target = byResponse.get(response_id);
      if (target === undefined) continue;
      entry(turn).to.push(ref(target));
      if (turn.response !== null) entry(target).from.push(ref(turn));
      if (turn.purpose === "answer") entry(turn).asked.push(...questionsOf(target));
    }
  }
  return found;
}

/** Who spoke and who has answered, in one word: the links are the same while it is. */
export function answeredSoFar(panel: PanelState): string {
  return panel.rounds
    .flatMap((round) => round.turns.map((turn) => `${turn.key}${turn.response === null ? "" : "."}`))
    .join(" ");
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
