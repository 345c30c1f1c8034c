/**
 * Follows a panel's stream and never misses or repeats an event: after every break it resumes behind the
 * last id it has. `fetch`, not `EventSource`, because the token travels in a header and a refusal has a
 * reason to show.
 */
import { createParser } from "eventsource-parser";
import { type Credentials, headersOf, isAbort } from "@/api/client";
import { at, listOf, numberOf, Problem, problemOf, textOf } from "@/api/problem";
import { eventOf, type PanelEvent } from "./events";

export type Link = "connecting" | "live" | "reconnecting" | "ended";

export interface Follower {
  onEvents(events: readonly PanelEvent[]): void;
  onLink(link: Link): void;
  /** The stream is refused for good: signed out, not found, switched off. */
  onRefused(problem: Problem): void;
}

const FIRST_WAIT = 2000;
const LONGEST_WAIT = 15_000;
/** Milliseconds without a byte after which a connection counts as dead; the server speaks every 15 s. */
const SILENCE = 40_000;
const FINAL: ReadonlySet<string> = new Set(["panel_completed", "panel_failed"]);
const PASSING: ReadonlySet<number> = new Set([0, 408, 425, 429, 500, 502, 503, 504]);

/** Follow until the panel ends, the stream is refused, or `signal` aborts. */
export async function follow(
  panelId: string,
  credentials: Credentials,
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  const place = { lastId: null as string | null, ended: false, wait: FIRST_WAIT };
  let failures = 0;
  follower.onLink("connecting");
  while (!signal.aborted) {
    try {
      const heard = await connection(panelId, credentials, place, follower, signal);
      if (place.ended) {
        follower.onLink("ended");
        return;
      }
      failures = heard ? 0 : failures + 1;
    } catch (error) {
      if (signal.aborted) return;
      const problem = error instanceof Problem ? error : new Problem(0, "unreachable", String(error));
      if (!PASSING.has(problem.status)) {
        follower.onRefused(problem);
        return;
      }
      failures += 1;
      if (problem.retryAfter !== null) place.wait = Math.max(place.wait, problem.retryAfter * 1000);
    }
    if (signal.aborted) return;
    follower.onLink("reconnecting");
    await pause(failures === 0 ? 100 : backoff(place.wait, failures), signal);
  }
}

const POLL = 2000;

/** The same for a tenant whose streams are switched off: asks the log again and again. */
export async function poll(
  panelId: string,
  credentials: Credentials,
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  let after = 0;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const response = await fetch(`/api/v1/panels/${encodeURIComponent(panelId)}/events?after=${after}`, {
        headers: headersOf(credentials),
        cache: "no-store",
        signal,
      });
      if (!response.ok) throw await problemOf(response);
      const answer: unknown = await response.json();
      const events = listOf(at(answer, "events")).flatMap((entry) => {
        const name = textOf(at(entry, "event"));
        return name === null ? [] : (eventOf(name, entry as object) ?? []);
      });
      follower.onLink("live");
      follower.onEvents(events);
      after = numberOf(at(answer, "last_sequence")) ?? after;
      failures = 0;
      if (events.some((event) => FINAL.has(event.name))) {
        follower.onLink("ended");
        return;
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem && !PASSING.has(error.status)) {
        follower.onRefused(error);
        return;
      }
      failures += 1;
      follower.onLink("reconnecting");
    }
    await pause(failures === 0 ? POLL : backoff(POLL, failures), signal);
  }
}

/** Doubles from `wait`, with jitter, so that clients that were cut together do not return together. */
export function backoff(wait: number, failures: number, random: () => number = Math.random): number {
  return Math.min(LONGEST_WAIT, wait * 2 ** (failures - 1)) * (0.75 + random() / 2);
}

interface PlaceInStream {
  lastId: string | null;
  ended: boolean;
  wait: number;
}

/** One connection to its end; whether anything was heard. */
async function connection(
  panelId: string,
  credentials: Credentials,
  place: PlaceInStream,
  follower: Follower,
  outer: AbortSignal,
): Promise<boolean> {
  const dead = new AbortController();
  const signal = AbortSignal.any([outer, dead.signal]);
  let watch = setTimeout(() => dead.abort(), SILENCE);
  // A socket without a network is silent, not closed: say so at once instead of after the silence.
  const offline = (): void => dead.abort();
  globalThis.addEventListener("offline", offline);
  try {
    const response = await fetch(`/api/v1/panels/${encodeURIComponent(panelId)}/stream`, {
      headers: {
        ...headersOf(credentials),
        Accept: "text/event-stream",
        ...(place.lastId === null ? {} : { "Last-Event-ID": place.lastId }),
      },
      cache: "no-store",
      signal,
    });
    if (response.status === 204) {
      place.ended = true;
      return true;
    }
    if (!response.ok) throw await problemOf(response);
    if (response.body === null) return false;
    follower.onLink("live");
    return await read(response.body, place, follower, () => {
      clearTimeout(watch);
      watch = setTimeout(() => dead.abort(), SILENCE);
    });
  } catch (error) {
    if (error instanceof Problem || (isAbort(error) && outer.aborted)) throw error;
    throw new Problem(0, "unreachable", "");
  } finally {
    clearTimeout(watch);
    globalThis.removeEventListener("offline", offline);
    dead.abort();
  }
}

async function read(
  body: ReadableStream<Uint8Array>,
  place: PlaceInStream,
  follower: Follower,
  onBytes: () => void,
): Promise<boolean> {
  let events: PanelEvent[] = [];
  let heard = false;
  const parser = createParser({
    onEvent({ id, event, data }) {
      const told = event === undefined ? null : eventOf(event, JSON.parse(data) as object);
      if (event === "stream_reset") place.lastId = null;
      // A delta has no id of its own, and the parser reports only an event's own id.
      if (id !== undefined && event !== "response_delta") place.lastId = id;
      if (told !== null) events.push(told);
      if (event !== undefined && FINAL.has(event)) place.ended = true;
    },
    onRetry(milliseconds) {
      place.wait = Math.min(milliseconds, LONGEST_WAIT);
    },
  });
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return heard;
    onBytes();
    parser.feed(value);
    if (events.length > 0) {
      heard = true;
      follower.onEvents(events);
      events = [];
    }
  }
}

/** Waits, but not longer than until the network is back or the page is looked at again. */
function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      globalThis.removeEventListener("online", done);
      document.removeEventListener("visibilitychange", shown);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const shown = (): void => {
      if (document.visibilityState === "visible") done();
    };
    const timer = setTimeout(done, milliseconds);
    globalThis.addEventListener("online", done);
    document.addEventListener("visibilitychange", shown);
    signal.addEventListener("abort", done);
  });
}
