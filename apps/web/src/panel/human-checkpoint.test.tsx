import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test, vi } from "vitest";
import type { StreamData } from "./events";
import type { Turn } from "./fold";
import { HumanCheckpoint } from "./human-checkpoint";
import { OptionsContext, Vote } from "./vote";

vi.mock("@/session/provider", () => ({ useSession: () => ({ api: {} }) }));
vi.stubGlobal("sessionStorage", { getItem: () => null, setItem: () => undefined });

const COUNTRIES = new Map([
  ["de", "Germany"],
  ["fr", "France"],
]);

function checkpoint(options: ReadonlyMap<string, string>, kind: "input" | "ratify" = "input"): string {
  const request = {
    checkpoint_id: "c",
    kind,
    question: "Which one?",
    actions: ["answer", "approve"],
    deadline_at: "2026-01-01T00:00:00Z",
  } as unknown as StreamData["human_requested"];
  return renderToStaticMarkup(
    <OptionsContext value={options}>
      <HumanCheckpoint panelId="p" request={request} mayAnswer={true} />
    </OptionsContext>,
  );
}

function vote(response: object): string {
  const turn = { role: "human", purpose: "human", response } as unknown as Turn;
  return renderToStaticMarkup(
    <OptionsContext value={COUNTRIES}>
      <Vote turn={turn} />
    </OptionsContext>,
  );
}

describe("what a person votes with", () => {
  test("an option, where the panel has some", () => {
    const page = checkpoint(COUNTRIES);
    expect(page).toContain("Germany");
    expect(page).toContain("France");
    expect(page).not.toContain("Opposes");
  });

  test("a stance, where it has none", () => {
    expect(checkpoint(new Map())).toContain("Opposes");
  });

  test("nothing, where the result is to be signed", () => {
    expect(checkpoint(COUNTRIES, "ratify")).not.toContain("Germany");
  });
});

describe("what a person voted for", () => {
  test("is the option, with a stance or without", () => {
    expect(vote({ stance: null, option: "fr" })).toContain("France");
    expect(vote({ stance: "support", option: "fr" })).toContain("France");
  });

  test("is the stance, where no option was chosen, and nothing where neither was", () => {
    expect(vote({ stance: "oppose", option: null })).toContain("Opposes");
    expect(vote({ stance: null, option: null })).toBe("");
  });
});
