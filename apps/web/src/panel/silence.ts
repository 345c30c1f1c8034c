/** Which seats gave no answer, and where. Pure. */
import { text } from "@/text";
import type { PanelState, Turn } from "./fold";

/** Whether a turn is over without an answer. */
export function isSilent(turn: Turn): boolean {
  return turn.phase === "failed" || turn.phase === "stopped";
}

/** Why a silent turn has no answer, in a sentence. */
export function whySilent(turn: Turn): string {
  const failure = turn.failures.at(-1);
  if (turn.phase === "failed")
    return text.panel.noAnswer(failure ? (text.failures[failure.reason] ?? failure.reason) : "");
  if (turn.cut === null || turn.cut === "cancelled") return text.panel.stopped;
  return text.panel.stoppedBecause(text.failures[turn.cut] ?? text.panel.hadEnded);
}

/** What a seat owes, in a word: nothing said at all, or nothing in these rounds; null for one that answered. */
export function silenceOf(panel: PanelState, seat: number): string | null {
  const turns = panel.rounds.flatMap((round) => round.turns.filter((turn) => turn.seat === seat));
  const silent = turns.filter(isSilent);
  const last = silent.at(-1);
  if (last === undefined) return null;
  if (silent.length === turns.length) return text.panel.phases[last.phase] ?? last.phase;
  return text.panel.silentIn([...new Set(silent.map((turn) => turn.round))]);
}

/** The seats that were asked and never answered. */
export function silentSeats(panel: PanelState): PanelState["seats"] {
  const turns = panel.rounds.flatMap((round) => round.turns);
  return panel.seats.filter(({ seat }) => {
    const own = turns.filter((turn) => turn.seat === seat);
    return own.length > 0 && own.every(isSilent);
  });
}
