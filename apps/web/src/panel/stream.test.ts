import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Access, only } from "@/api/client";
import type { Problem } from "@/api/problem";
import type { PanelEvent } from "./events";
import { backoff, follow, type Link } from "./stream";

const ACCESS = only({ token: "t", tenant: "x" });
const block = (id: number, name: string): string => `id: ${id}\nevent: ${name}\ndata: {"sequence":${id}}\n\n`;

/** The answers of a gateway, one for each connection, and what each connection asked for. */
function gateway(...answers: (Response | (() => Response))[]) {
  const told = { asked: [] as (string | null)[], tokens: [] as (string | null)[], at: [] as number[] };
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    const headers = new Headers(init.headers);
    told.asked.push(headers.get("Last-Event-ID"));
    told.tokens.push(headers.get("Authorization"));
    told.at.push(Date.now());
    const answer = answers.shift();
    if (answer === undefined) throw new TypeError("network");
    return typeof answer === "function" ? answer() : answer;
  });
  return told;
}

const stream = (...chunks: string[]): Response =>
  new Response(
    new ReadableStream({
      start(controller) {
        for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
        controller.close();
      },
    }),
  );

/** A stream that says something every fifteen seconds and ends after a minute, as each does by its age. */
const quiet = (): Response =>
  new Response(
    new ReadableStream({
      async start(controller) {
        for (let beats = 0; beats < 4; beats += 1) {
          controller.enqueue(new TextEncoder().encode(": hb\n"));
          await new Promise((resolve) => setTimeout(resolve, 15_000));
        }
        controller.close();
      },
    }),
  );

const refusal = (status: number, detail: string): Response =>
  stream(`retry: 30000\nevent: error\ndata: ${JSON.stringify({ status, detail })}\n\n`);

async function followed(access: Access = ACCESS) {
  const told = {
    names: [] as string[],
    links: [] as Link[],
    reasons: [] as (string | undefined)[],
    refused: null as Problem | null,
  };
  const following = follow(
    "p",
    access,
    {
      onEvents: (events: readonly PanelEvent[]) =>
        told.names.push(...events.map((one) => `${one.name} ${one.data.sequence}`)),
      onLink: (link, why) => {
        told.links.push(link);
        if (link === "reconnecting") told.reasons.push(why?.message);
      },
      onRefused: (problem) => {
        told.refused = problem;
      },
    },
    new AbortController().signal,
  );
  await vi.runAllTimersAsync();
  await following;
  return told;
}

describe("following a stream", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    const nothing = (): void => undefined;
    vi.stubGlobal("document", {
      addEventListener: nothing,
      removeEventListener: nothing,
      visibilityState: "visible",
    });
    vi.stubGlobal("addEventListener", nothing);
    vi.stubGlobal("removeEventListener", nothing);
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  test("resumes after a break behind the last id, and stops at the end", async () => {
    const { asked } = gateway(
      stream("retry: 2000\n", block(1, "panel_created"), block(2, "panel_started").slice(0, 20)),
      stream(block(2, "panel_started"), ": hb\n", block(3, "panel_completed")),
    );
    const told = await followed();
    expect(told.names).toEqual(["panel_created 1", "panel_started 2", "panel_completed 3"]);
    expect(asked).toEqual([null, "1"]);
    expect(told.links).toEqual(["connecting", "live", "resuming", "live", "ended"]);
  });

  test("never resumes from a delta: it is on no log", async () => {
    const { asked } = gateway(
      stream(block(1, "panel_created"), 'event: response_delta\ndata: {"text":"x"}\n\n'),
      stream(block(2, "panel_failed")),
    );
    await followed();
    expect(asked).toEqual([null, "1"]);
  });

  test("comes back after 503 and after a lost network, and takes 204 for the end", async () => {
    const down = new Response("{}", { status: 503, headers: { "Retry-After": "1" } });
    gateway(down, stream(block(1, "panel_created")), new Response(null, { status: 204 }));
    const told = await followed();
    expect(told.names).toEqual(["panel_created 1"]);
    expect(told.links.at(-1)).toBe("ended");
  });

  test("of a panel that waits is not called lost when it ends by its age", async () => {
    gateway(quiet, quiet, stream(block(1, "panel_completed")));
    expect((await followed()).links).toEqual([
      "connecting",
      "live",
      "resuming",
      "live",
      "resuming",
      "live",
      "ended",
    ]);
  });

  test("does not hammer a server that ends each connection as soon as it has begun", async () => {
    const { at } = gateway(stream(": hb\n"), stream(": hb\n"), stream(block(1, "panel_completed")));
    expect((await followed()).links).toContain("reconnecting");
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(2000);
    expect((at[2] ?? 0) - (at[1] ?? 0)).toBeGreaterThanOrEqual(4000);
  });

  test("is refused for now by an event, says why, and waits as long as it is told", async () => {
    const { at } = gateway(
      refusal(429, "You have 20 streams open."),
      stream("retry: 2000\n", block(1, "panel_created"), "event: error\ndata: {}\n\n"),
      stream(block(2, "panel_completed")),
    );
    const told = await followed();
    expect(told.links).toEqual(["connecting", "reconnecting", "live", "reconnecting", "live", "ended"]);
    expect(told.reasons).toEqual(["You have 20 streams open.", "HTTP 503"]);
    expect((at[1] ?? 0) - (at[0] ?? 0)).toBeGreaterThanOrEqual(30_000);
    expect((at[2] ?? 0) - (at[1] ?? 0)).toBeLessThanOrEqual(6000);
  });

  test("goes on with the session's token of now, and with the next where that has run out", async () => {
    let token = "one";
    const access: Access = {
      credentials: () => ({ token, tenant: "x" }),
      renew: () => Promise.resolve("three"),
      onSignedOut: () => undefined,
    };
    const { tokens, asked } = gateway(
      stream(block(1, "panel_created")),
      new Response("{}", { status: 401 }),
      stream(block(2, "panel_completed")),
    );
    const following = followed(access);
    token = "two";
    expect((await following).names).toEqual(["panel_created 1", "panel_completed 2"]);
    expect(tokens).toEqual(["Bearer one", "Bearer two", "Bearer three"]);
    expect(asked).toEqual([null, "1", "1"]);
  });

  test("gives up where asking again cannot help, and says why", async () => {
    gateway(new Response('{"detail":"There is no such panel."}', { status: 404 }));
    expect((await followed()).refused).toMatchObject({ status: 404, detail: "There is no such panel." });
  });

  test("ignores event names it does not know", async () => {
    gateway(stream(block(1, "something_new"), block(2, "panel_completed")));
    expect((await followed()).names).toEqual(["panel_completed 2"]);
  });

  test("waits longer each time, within bounds, and never in step with others", () => {
    expect(backoff(2000, 1, () => 0)).toBe(2000);
    expect(backoff(2000, 3, () => 0.5)).toBe(10_000);
    expect(backoff(2000, 30, () => 1)).toBeLessThanOrEqual(22_500);
    expect(backoff(60_000, 5, () => 0)).toBe(60_000);
    expect(backoff(2000, 1, () => 0)).not.toBe(backoff(2000, 1, () => 1));
  });
});
