import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Problem } from "@/api/problem";
import type { PanelEvent } from "./events";
import { backoff, follow, type Link } from "./stream";

const CREDENTIALS = { token: "t", tenant: "x" };
const block = (id: number, name: string): string => `id: ${id}\nevent: ${name}\ndata: {"sequence":${id}}\n\n`;

/** The answers of a gateway, one for each connection, and what each connection asked for. */
function gateway(...answers: Response[]): { asked: (string | null)[] } {
  const asked: (string | null)[] = [];
  vi.stubGlobal("fetch", async (_url: string, init: RequestInit) => {
    asked.push(new Headers(init.headers).get("Last-Event-ID"));
    const answer = answers.shift();
    if (answer === undefined) throw new TypeError("network");
    return answer;
  });
  return { asked };
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

async function followed(): Promise<{ names: string[]; links: Link[]; refused: Problem | null }> {
  const told = { names: [] as string[], links: [] as Link[], refused: null as Problem | null };
  const following = follow(
    "p",
    CREDENTIALS,
    {
      onEvents: (events: readonly PanelEvent[]) =>
        told.names.push(...events.map((one) => `${one.name} ${one.data.sequence}`)),
      onLink: (link) => told.links.push(link),
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
    expect(told.links).toEqual(["connecting", "live", "reconnecting", "live", "ended"]);
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

  test("gives up where asking again cannot help, and says why", async () => {
    gateway(new Response('{"detail":"There is no such panel."}', { status: 404 }));
    expect((await followed()).refused).toMatchObject({ status: 404, detail: "There is no such panel." });
  });

  test("ignores event names it does not know", async () => {
    gateway(stream(block(1, "something_new"), block(2, "panel_completed")));
    expect((await followed()).names).toEqual(["panel_completed 2"]);
  });

  test("waits longer each time, within bounds, and never in step with others", () => {
    expect(backoff(2000, 1, () => 0.5)).toBe(2000);
    expect(backoff(2000, 3, () => 0.5)).toBe(8000);
    expect(backoff(2000, 30, () => 1)).toBeLessThanOrEqual(18_750);
    expect(backoff(2000, 1, () => 0)).not.toBe(backoff(2000, 1, () => 1));
  });
});
