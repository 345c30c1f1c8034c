import { useEffect, useReducer, useState } from "react";
import type { Credentials } from "@/api/client";
import type { Problem } from "@/api/problem";
import type { PanelEvent } from "./events";
import { EMPTY, fold, interrupted, type PanelState } from "./fold";
import { type Follower, follow, type Link, poll } from "./stream";

type Change = { readonly events: readonly PanelEvent[] } | "interrupted" | "joined" | "other panel";

function reduce(state: PanelState, change: Change): PanelState {
  if (change === "other panel") return EMPTY;
  if (change === "interrupted" || change === "joined") return interrupted(state, change === "joined");
  return fold(state, change.events);
}

export interface Followed {
  readonly panel: PanelState;
  readonly link: Link;
  readonly refused: Problem | null;
}

/** A panel as it happens. Events are taken in at most once per frame, however many experts speak. */
export function usePanel(panelId: string, credentials: Credentials): Followed {
  const [panel, change] = useReducer(reduce, EMPTY);
  const [link, setLink] = useState<Link>("connecting");
  const [refused, setRefused] = useState<Problem | null>(null);
  const { token, tenant } = credentials;

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
    change("other panel");
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
      onLink(next) {
        flush();
        if (next === "reconnecting") change("interrupted");
        setLink(next);
      },
      onRefused(problem) {
        // The tenant may have its streams switched off: the log can still be read.
        if (problem.status === 403)
          void poll(panelId, { token, tenant }, { ...follower, onRefused: setRefused }, leaving.signal);
        else setRefused(problem);
      },
    };
    void follow(panelId, { token, tenant }, follower, leaving.signal);
    return () => leaving.abort();
  }, [panelId, token, tenant]);

  return { panel, link, refused };
}
