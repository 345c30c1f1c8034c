/** Which position a result leads with, by the rule of the service that counted it. Pure. */
import type { Consensus, PanelState } from "./fold";
import type { Metrics, Position } from "./metrics";

/** Shares closer than this are level: they are sums of the same few numbers in another order. */
const LEVEL = 1e-9;

/** The leading position, "split" where none leads, null where nothing was counted in positions. */
export function leaderOf(
  panel: PanelState,
  band: Consensus["band"],
  { positions, items }: Metrics,
): Position | "split" | null {
  const [first] = positions;
  const counted = positions.some((position) => position.voters.length > 0) && items.length === 0;
  if (first === undefined || !counted || band === "none") return null;
  if (band === "split") return "split";
  const top = Math.max(...positions.map((position) => position.share ?? 0));
  const level = positions.filter((position) => top - (position.share ?? 0) <= LEVEL);
  // Support level with conditional is conditional, the weaker claim; an option of that name is just an option.
  const weaker = level.find(({ position }) => position === "conditional");
  const isOption = panel.created?.options.some((option) => option.id === "conditional") ?? false;
  return (isOption ? undefined : weaker) ?? level[0] ?? first;
}
