import { useCallback, useEffect, useReducer, useState } from "react";
import type { Access } from "@/api/client";
import type { Problem } from "@/api/problem";
import type { PanelEvent } from "./events";
import { EMPTY, fold, interrupted, type PanelState } from "./fold";
import { type Follower, follow, type Link, poll } from "./stream";

type Change = { readonly events: readonly PanelEvent[] } | "interrupted" | "joined";

function reduce(state: PanelState, change: Change): PanelState {
  if (change === "interrupted" || change === "joined") return interrupted(state, change === "joined");
  return fold(state, change.events);
}

export interface Followed {
  readonly panel: PanelState;
  readonly link: Link;
  /** Why the panel is not followed any more, until `retry`; null: it is. */
  readonly refused: Problem | null;
  /** The limit for which the next connection waits; null: none. */
  readonly held: Problem | null;
  retry(): void;
}

/**
 * A panel as it happens. Events are taken in at most once per frame, however many experts speak. Whoever uses
 * it is keyed by the panel; the token may change meanwhile.
 */
export function usePanel(panelId: string, access: Access): Followed {
  const [panel, change] = useReducer(reduce, EMPTY);
  const [link, setLink] = useState<Link>("connecting");
  const [refused, setRefused] = useState<Problem | null>(null);
  const [held, setHeld] = useState<Problem | null>(null);
  const [attempt, setAttempt] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: each attempt follows anew
  useEffect(() => {
    const leaving = new AbortController();
    let waiting: PanelEvent[] = [];
    let scheduled = false;
    let isFirst = true;
    const flush = (): void => {
      scheduled = false;
      if (leaving.signal.aborted || waiting.length === 0) return;
      const events = waiting;
      waiting = [];
      change({ events });
      // The log holds what has been said, not what was being typed before we came.
      if (isFirst) change("joined");
      isFirst = false;
    };
    const giveUp = (problem: Problem): void => {
      flush();
      change("interrupted");
      setRefused(problem);
    };
    setRefused(null);
    const follower: Follower = {
      onEvents(events) {
        waiting.push(...events);
        if (scheduled) return;
        scheduled = true;
        // A hidden page gets no frames, but must not pile up events either.
        if (document.visibilityState === "visible") requestAnimationFrame(flush);
        else setTimeout(flush, 250);
      },
      onLink(next, why) {
        flush();
        if (next === "reconnecting" || next === "resuming") change("interrupted");
        setLink(next);
        setHeld(why?.status === 429 ? why : null);
      },
      onRefused(problem) {
        // The tenant may have its streams switched off: the log can still be read.
        if (problem.status === 403)
          void poll(panelId, access, { ...follower, onRefused: giveUp }, leaving.signal);
        else giveUp(problem);
      },
    };
    void follow(panelId, access, follower, leaving.signal);
    return () => leaving.abort();
  }, [panelId, access, attempt]);

  const retry = useCallback(() => setAttempt((number) => number + 1), []);
  return { panel, link, refused, held, retry };
}
