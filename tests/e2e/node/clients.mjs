// One panel's stream as a client from npm receives it: one JSON line per event on stdout.
//
//   node clients.mjs <eventsource | eventsource-client | fetch-event-source> <url> <headers as JSON>
//
// The connection breaks after every event that has an id, so that the client's own reconnecting and its
// own Last-Event-ID carry it through the whole panel. Ends with {"closed": …} once the client has stopped.

import { EventSource } from "eventsource";
import { createEventSource } from "eventsource-client";
import { createRequire } from "node:module";

const [, , client, url, given] = process.argv;
const headers = JSON.parse(given);
const NAMES = [
  "panel_created", "panel_started", "round_started", "expert_speaking", "response_delta", "response_added",
  "expert_failed", "round_completed", "consensus_calculated", "human_requested", "usage_recorded",
  "budget_exceeded", "panel_completed", "panel_failed", "stream_reset",
];
const ENDS = ["panel_completed", "panel_failed"];
const PAUSE = "retry: 20\n"; // for the server's 2000 ms: this test is about what is resumed, not about when

const print = (line) => console.log(JSON.stringify(line));

function report(name, id, data) {
  const { sequence, panel_id } = JSON.parse(data);
  print({ name, id: sequence === null ? null : Number(id), sequence, panel_id });
}

/** `fetch`, but a body breaks off after its first event with an id; the end of a panel ends it in peace. */
async function breaking(target, options) {
  const response = await fetch(target, options);
  print({ status: response.status, resumed: new Headers(options.headers).get("last-event-id") });
  if (!response.body || response.status !== 200) return response;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let delivered = null;
  const body = new ReadableStream(
    {
      async pull(controller) {
        if (delivered !== null) {
          await reader.cancel();
          if (ENDS.some((name) => delivered.includes(`event: ${name}\n`))) controller.close();
          else controller.error(new TypeError("the connection was lost"));
          return;
        }
        for (;;) {
          const block = /(?:^|\n)id: \d+\n[^]*?\n\n/.exec(text);
          if (block) {
            delivered = text.slice(0, block.index + block[0].length).replace(/retry: \d+\n/, PAUSE);
            controller.enqueue(new TextEncoder().encode(delivered));
            return;
          }
          const { value, done } = await reader.read();
          if (done) return controller.close();
          text += value;
        }
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status: response.status, headers: response.headers });
}

const withHeaders = (target, options) =>
  breaking(target, { ...options, headers: { ...options.headers, ...headers } });

/** The browser's interface: goes on by itself until the server says that there is no more. */
function eventSource() {
  const source = new EventSource(url, { fetch: withHeaders });
  for (const name of NAMES) {
    source.addEventListener(name, (event) => report(event.type, event.lastEventId, event.data));
  }
  source.addEventListener("message", (event) => print({ unnamed: event.data }));
  source.addEventListener("error", (event) => {
    if (source.readyState === EventSource.CLOSED) print({ closed: event.code });
  });
}

async function eventSourceClient() {
  const source = createEventSource({ url, fetch: withHeaders });
  for await (const { event, id, data } of source) {
    report(event, id, data);
    if (ENDS.includes(event)) break;
  }
  source.close();
  print({ closed: null });
}

/** Written for browsers: the little of a window that it touches. */
async function fetchEventSource() {
  globalThis.window = globalThis;
  globalThis.document = { hidden: false, addEventListener() {}, removeEventListener() {} };
  const { fetchEventSource: follow } = createRequire(import.meta.url)("@microsoft/fetch-event-source");
  await follow(url, {
    headers,
    fetch: breaking,
    onmessage: ({ event, id, data }) => report(event, id, data),
  });
  print({ closed: null });
}

const clients = {
  eventsource: eventSource,
  "eventsource-client": eventSourceClient,
  "fetch-event-source": fetchEventSource,
};
await clients[client]();
