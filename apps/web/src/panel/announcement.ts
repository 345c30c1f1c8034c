/** What of a panel is told to screen readers: rounds, results, waits and the end. Pure. */
import { percent } from "@/format";
import { text } from "@/text";
import { hasEnded, type PanelState, results } from "./fold";

/** What to say of what has come since `before`; null: nothing. */
export function announcement(before: PanelState, now: PanelState, mayAct: boolean): string | null {
  const last = results(now).at(-1);
  if (hasEnded(now)) return hasEnded(before) ? null : howItEnded(now);
  if (now.awaiting !== null && now.awaiting.checkpoint_id !== before.awaiting?.checkpoint_id)
    return mayAct ? text.human.title : text.human.titleOther;
  if (last && results(now).length > results(before).length)
    return text.panel.announceResult(percent(last.consensus_level), last.round_number);
  return now.rounds.length > before.rounds.length ? text.panel.announceRound(now.rounds.length) : null;
}

function howItEnded(panel: PanelState): string {
  if (panel.failed !== null)
    return text.panel.announceFailure(text.failures[panel.failed.reason] ?? panel.failed.reason);
  const last = results(panel).at(-1);
  return last
    ? text.panel.announceEnd(percent(last.consensus_level), text.bands[last.band] ?? last.band)
    : text.panel.announceUncounted;
}
