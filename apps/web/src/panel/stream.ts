/**
 * Follows a panel's stream and never misses or repeats an event: after every break it resumes behind the
 * last id it has. `fetch`, not `EventSource`, because the token travels in a header and a refusal has a
 * reason to show.
 */
import { createParser } from "eventsource-parser";
import { type Access, authorized, isAbort } from "@/api/client";
import { at, listOf, numberOf, Problem, problemIn, problemOf, textOf } from "@/api/problem";
import { eventOf, type PanelEvent } from "./events";

/** `resuming`: a connection has ended as each does after a while, and the next one follows at once. */
export type Link = "connecting" | "live" | "resuming" | "reconnecting" | "ended";

export interface Follower {
  onEvents(events: readonly PanelEvent[]): void;
  /** `why` says of `reconnecting` what the last connection failed with. */
  onLink(link: Link, why?: Problem): void;
  /** The stream is refused for good: signed out, not found, switched off. */
  onRefused(problem: Problem): void;
}

const FIRST_WAIT = 2000;
const LONGEST_WAIT = 15_000;
/** The longest the gateway may ask to wait. */
const LONGEST_ASKED = 60_000;
/** Milliseconds without a byte after which a connection counts as dead; the server speaks every 15 s. */
const SILENCE = 40_000;
const FINAL: ReadonlySet<string> = new Set(["panel_completed", "panel_failed"]);
const PASSING: ReadonlySet<number> = new Set([0, 408, 425, 429, 500, 502, 503, 504]);

/** Follow until the panel ends, the stream is refused, or `signal` aborts. */
export async function follow(
  panelId: string,
  access: Access,
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  const place = { lastId: null as string | null, ended: false, wait: FIRST_WAIT };
  let failures = 0;
  follower.onLink("connecting");
  while (!signal.aborted) {
    let asked = 0;
    try {
      const sound = await connection(panelId, access, place, follower, signal);
      if (place.ended) {
        follower.onLink("ended");
        return;
      }
      if (signal.aborted) return;
      failures = sound ? 0 : failures + 1;
      follower.onLink(sound ? "resuming" : "reconnecting");
    } catch (error) {
      if (signal.aborted) return;
      const problem = error instanceof Problem ? error : new Problem(0, "unreachable", String(error));
      if (!PASSING.has(problem.status)) {
        follower.onRefused(problem);
        return;
      }
      failures += 1;
      asked = Math.min((problem.retryAfter ?? 0) * 1000, LONGEST_ASKED);
      follower.onLink("reconnecting", problem);
    }
    await pause(failures === 0 ? 100 : backoff(Math.max(place.wait, asked), failures), signal);
  }
}

const POLL = 2000;

/** The same for a tenant whose streams are switched off: asks the log again and again. */
export async function poll(
  panelId: string,
  access: Access,
  follower: Follower,
  signal: AbortSignal,
): Promise<void> {
  let after = 0;
  let failures = 0;
  while (!signal.aborted) {
    try {
      const address = `/api/v1/panels/${encodeURIComponent(panelId)}/events?after=${after}`;
      const response = await authorized(access, (headers) =>
        fetch(address, { headers, cache: "no-store", signal }),
      );
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

/** Never less than `wait`; doubles from it, with jitter, so that clients cut together do not return together. */
export function backoff(wait: number, failures: number, random: () => number = Math.random): number {
  return Math.max(wait, Math.min(LONGEST_WAIT, wait * 2 ** (failures - 1))) * (1 + random() / 2);
}

interface PlaceInStream {
  lastId: string | null;
  ended: boolean;
  wait: number;
}

/** One connection to its end; whether it was sound: it brought an event, or was alive for a while. */
async function connection(
  panelId: string,
  access: Access,
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
    const response = await authorized(access, (headers) =>
      fetch(`/api/v1/panels/${encodeURIComponent(panelId)}/stream`, {
        headers: {
          ...headers,
          Accept: "text/event-stream",
          ...(place.lastId === null ? {} : { "Last-Event-ID": place.lastId }),
        },
        cache: "no-store",
        signal,
      }),
    );
    if (response.status === 204) {
      place.ended = true;
      return true;
    }
    if (!response.ok) throw await problemOf(response);
    if (response.body === null) return false;
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
  const began = Date.now();
  let events: PanelEvent[] = [];
  let [isLive, heard] = [false, false];
  let retry: number | null = null;
  let refusal: unknown = null;
  const parser = createParser({
    onEvent({ id, event, data }) {
      // What is refused for now comes as a stream of this one event: to some clients any other status is final.
      if (event === "error") {
        refusal = JSON.parse(data);
        return;
      }
      const told = event === undefined ? null : eventOf(event, JSON.parse(data) as object);
      if (event === "stream_reset") place.lastId = null;
      // A delta has no id of its own, and the parser reports only an event's own id.
      if (id !== undefined && event !== "response_delta") place.lastId = id;
      if (told !== null) events.push(told);
      if (event !== undefined && FINAL.has(event)) place.ended = true;
    },
    onRetry(milliseconds) {
      retry = milliseconds;
    },
  });
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  while (true) {
    const { done, value } = await reader.read();
    if (done) return heard || (isLive && Date.now() - began >= FIRST_WAIT);
    onBytes();
    parser.feed(value);
    if (refusal !== null) throw problemIn(refusal, numberOf(at(refusal, "status")) ?? 503, seconds(retry));
    if (retry !== null) place.wait = Math.min(retry, LONGEST_WAIT);
    if (!isLive) follower.onLink("live");
    isLive = true;
    if (events.length > 0) {
      heard = true;
      follower.onEvents(events);
      events = [];
    }
  }
}

function seconds(milliseconds: number | null): number | null {
  return milliseconds === null ? null : milliseconds / 1000;
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
