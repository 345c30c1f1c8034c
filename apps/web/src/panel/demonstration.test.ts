import { describe, expect, test } from "vitest";
import { demonstrationOf, labelOf } from "./demonstration";
import type { PanelEvent, StreamName } from "./events";
import { EMPTY, fold, type PanelState } from "./fold";
import { resultText } from "./result-text";

/** A finished panel whose seats these models answered for. */
function answeredBy(...models: readonly string[]): PanelState {
  let sequence = 0;
  const event = (name: StreamName, data: object): PanelEvent =>
    ({
      name,
      data: { panel_id: "p", at: "2026-01-01T00:00:00Z", sequence: ++sequence, ...data },
    }) as PanelEvent;
  return fold(EMPTY, [
    event("panel_created", { query: "Why?", configuration: {}, agents: [], options: [] }),
    event("round_started", { round_number: 1, purpose: "opening", speakers: [] }),
    ...models.map((model, seat) =>
      event("expert_speaking", {
        round_number: 1,
        step: "1",
        seat,
        purpose: "opening",
        agent_id: String(seat),
        agent_name: "",
        model,
        attempt: 1,
      }),
    ),
    event("panel_completed", { recommendation: "Go.", stop_reason: "max_rounds" }),
  ]);
}

describe("a demonstration", () => {
  test("is told by the model, in the words of the REST answers", () => {
    expect(labelOf("scripted")).toBe("scripted model");
    expect(labelOf("local:qwen2.5-coder-1.5b-instruct-q4_k_m")).toBe("demo model");
    for (const model of ["openai:gpt-5.6-luna", "compatible:scripted", "anthropic:local"])
      expect(labelOf(model)).toBeNull();
  });

  test("is said once for all who speak, however many models there are", () => {
    expect(demonstrationOf(answeredBy("scripted", "scripted"))).toBe(
      "Answers by a scripted model: a demonstration, not advice.",
    );
    expect(demonstrationOf(answeredBy("scripted", "local:q", "openai:x"))).toBe(
      "Answers by a demo model and a scripted model: a demonstration, not advice.",
    );
    expect(demonstrationOf(answeredBy("openai:x"))).toBeNull();
    expect(demonstrationOf(EMPTY)).toBeNull();
  });

  test("goes with the result wherever it is pasted", () => {
    expect(resultText(answeredBy("scripted"))).toBe(
      "Why?\n\nAnswers by a scripted model: a demonstration, not advice.\n\nGo.",
    );
    expect(resultText(answeredBy("openai:x"))).toBe("Why?\n\nGo.");
  });
});
