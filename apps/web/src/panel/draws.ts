/**
 * Who was drawn for what. A panel's draws are sorts by SHA-256 of its id, the draw and the seat, so that
 * anybody can repeat them; the log names no partner, because the experts must not know theirs.
 */
import { type PanelState, responded } from "./fold";

/** Orders by draw: `ring`, or `moderated:2`. */
export type Draws = ReadonlyMap<string, readonly number[]>;

export const NO_DRAWS: Draws = new Map();

/** The seats in the order drawn for this panel; the orchestrator draws the same. */
export async function drawn(
  panelId: string,
  draw: readonly (string | number)[],
  seats: readonly number[],
): Promise<readonly number[]> {
  const seed = [panelId, ...draw].join(":");
  const keyed = await Promise.all(
    seats.map(async (seat) => {
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(`${seed}:${seat}`));
      return {
        seat,
        key: [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
      };
    }),
  );
  return keyed.toSorted((one, other) => (one.key < other.key ? -1 : 1)).map(({ seat }) => seat);
}

/** The voting seats that answered round 1 in time: only they go on. */
export function members(panel: PanelState): readonly number[] {
  return (panel.rounds.find((round) => round.number === 1)?.turns ?? [])
    .flatMap((turn) => (turn.seat !== null && responded(turn) && !turn.late ? [turn.seat] : []))
    .toSorted((one, other) => one - other);
}

/** Every draw a socratic panel has made so far; none where the browser has no cryptography (plain http). */
export async function drawsOf(panel: PanelState, panelId: string): Promise<Draws> {
  if (panel.created?.panel_type !== "socratic" || globalThis.crypto?.subtle === undefined) return NO_DRAWS;
  const circle = members(panel);
  const asking = panel.rounds.filter((round) => round.number % 2 === 0);
  const entries = await Promise.all([
    drawn(panelId, ["ring"], circle).then((order) => ["ring", order] as const),
    ...asking.map(({ number }) =>
      drawn(panelId, ["moderated", number], circle).then((order) => [`moderated:${number}`, order] as const),
    ),
  ]);
  return new Map(entries);
}

/** Whom a seat of the circle questions in an even round: the next, one further with each pair of rounds. */
export function asks(circle: readonly number[], seat: number, round: number): number | null {
  const place = circle.indexOf(seat);
  if (place < 0) return null;
  const shift = 1 + ((Math.floor(round / 2) - 1) % Math.max(1, circle.length - 1));
  return circle[(place + shift) % circle.length] ?? null;
}
