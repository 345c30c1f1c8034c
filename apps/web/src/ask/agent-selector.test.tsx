import { renderToStaticMarkup } from "react-dom/server";
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { PanelTypeInfo } from "@/api/panel-types";
import { Problem } from "@/api/problem";
import { AgentSelector } from "./agent-selector";

const answers = vi.hoisted(() => new Map<string, { data?: unknown; error?: unknown }>());
vi.mock("swr", () => ({
  default: (key: string | readonly string[] | null) => ({
    mutate: () => undefined,
    ...answers.get(String(Array.isArray(key) ? key[0] : key)),
  }),
}));
vi.mock("@/session/provider", () => ({ useSession: () => ({ api: {} }) }));

const type = { id: "open", experts: { min: 3, max: 5, default: 3 } } as PanelTypeInfo;
const down = new Problem(503, "Unavailable", "The catalogue is not loaded yet.");

function selector(chosen: readonly string[] | null = null): string {
  return renderToStaticMarkup(
    <AgentSelector
      type={type}
      query="Shall we go?"
      chosen={chosen}
      faults={[]}
      complaint={null}
      onChange={() => undefined}
    />,
  );
}

beforeEach(() => answers.clear());

describe("the catalogue", () => {
  test("is said to be loading, not to hold nobody who fits", () => {
    expect(selector()).not.toContain("No expert fits this search.");
    expect(selector()).toContain("Loading…");
  });

  test("that does not come is told, and can be asked for again", () => {
    answers.set("agents", { error: down });
    expect(selector(["a"])).toContain("The catalogue is not loaded yet.");
    expect(selector(["a"])).toContain("Try again");
    expect(selector(["a"])).not.toContain("No expert fits this search.");
  });

  test("that is there and holds nobody who fits says so", () => {
    answers.set("agents", { data: [] });
    expect(selector()).toContain("No expert fits this search.");
  });
});

describe("a proposal that fails", () => {
  test("is told where the system was to choose", () => {
    answers.set("agents", { data: [] });
    answers.set("select", { error: down });
    expect(selector()).toContain("The catalogue is not loaded yet.");
    expect(selector(["a"])).not.toContain("The catalogue is not loaded yet.");
  });
});
