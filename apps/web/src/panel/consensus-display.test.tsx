import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { ConsensusDisplay, Recommendation, Uncounted } from "./consensus-display";
import type { PanelEvent, StreamName } from "./events";
import { EMPTY, fold, type PanelState, results } from "./fold";

interface Counted {
  readonly band: string;
  /** Position, share, number of voters. */
  readonly positions: readonly (readonly [string, number, number])[];
  readonly options?: readonly { readonly id: string; readonly text: string }[];
  readonly configuration?: Readonly<Record<string, unknown>>;
  readonly flags?: readonly string[];
}

function counted({ band, positions, options = [], configuration = {}, flags = [] }: Counted): PanelState {
  let sequence = 0;
  const event = (name: StreamName, data: object): PanelEvent =>
    ({
      name,
      data: { panel_id: "p", at: "2026-01-01T00:00:00Z", sequence: ++sequence, ...data },
    }) as PanelEvent;
  return fold(EMPTY, [
    event("panel_created", { query: "Why?", configuration, agents: [], options }),
    event("round_started", { round_number: 1, purpose: "view", speakers: [] }),
    event("consensus_calculated", {
      round_number: 1,
      method: "majority",
      consensus_level: 0.75,
      band,
      threshold: 0.7,
      agreement_points: [],
      disagreement_points: [],
      dissenting_opinions: [],
      recommendation: "Go.",
      quorum: { met: band !== "none", models: 2 },
      metrics: {
        flags,
        positions: positions.map(([position, share, voters]) => ({
          position,
          share,
          text: position,
          voters: Array.from({ length: voters }, (_, place) => `${position}-${place}`),
        })),
      },
    }),
    event("panel_completed", { recommendation: "Go.", stop_reason: "max_rounds" }),
  ]);
}

function verdict(panel: PanelState): string | null {
  const [consensus] = results(panel);
  if (consensus === undefined) throw new Error("nothing was counted");
  const page = renderToStaticMarkup(<Recommendation panel={panel} consensus={consensus} />);
  return page.match(/<p class="verdict-line">(.*?)<\/p>/)?.[1]?.replace(/<\/?span>/g, "") ?? null;
}

describe("the verdict in a word", () => {
  test("is the leading position with its votes", () => {
    const panel = counted({
      band: "strong",
      positions: [
        ["oppose", 0.8, 4],
        ["support", 0.2, 1],
      ],
    });
    expect(verdict(panel)).toBe("<bdi>Against</bdi> 4 of 5 votes");
  });

  test("is a split only where the result says so", () => {
    const positions = [
      ["oppose", 0.5, 2],
      ["support", 0.5, 2],
    ] as const;
    expect(verdict(counted({ band: "split", positions }))).toBe("Split");
  });

  test("is the weaker claim where support is level with support on conditions", () => {
    const positions = [
      ["support", 0.75, 2],
      ["conditional", 0.75 - 1e-12, 2],
    ] as const;
    expect(verdict(counted({ band: "strong", positions }))).toBe(
      "<bdi>In favour, with conditions</bdi> 2 of 4 votes",
    );
  });

  test("takes an option named like a stance for the option it is", () => {
    const panel = counted({
      band: "moderate",
      positions: [
        ["support", 0.5, 2],
        ["conditional", 0.5, 2],
      ],
      options: [
        { id: "support", text: "Help desk" },
        { id: "conditional", text: "If asked" },
      ],
    });
    expect(verdict(panel)).toBe("<bdi>Help desk</bdi> 2 of 4 votes");
  });

  test("is none where two themes are held alike, which exclude each other in nothing", () => {
    const positions = [
      ["theme-1", 0.6, 3],
      ["theme-2", 0.6, 3],
    ] as const;
    expect(verdict(counted({ band: "moderate", positions }))).toBeNull();
  });

  test("is none where nothing was counted", () => {
    expect(verdict(counted({ band: "none", positions: [["support", 1, 1]] }))).toBeNull();
  });
});

test("every caution is shown, one without a sentence of its own by its name", () => {
  const flags = ["low_confidence_unanimity", "shared_source", "few_independent", "seen_before"];
  const panel = counted({ band: "strong", positions: [["support", 1, 3]], flags });
  const [consensus] = results(panel);
  if (consensus === undefined) throw new Error("nothing was counted");
  const page = renderToStaticMarkup(<Recommendation panel={panel} consensus={consensus} />);
  const shown = [
    ...page.matchAll(/<li>(The majority|All lean|The votes are alike|Another caution: seen before)/g),
  ];
  expect(shown).toHaveLength(flags.length);
});

const COMPLETED = {
  panel_id: "p",
  sequence: 9,
  at: "2026-01-01T00:00:00Z",
  rounds: 1,
  recommendation: "3 experts answered.",
  summary: "They lean to **yes**.",
  stop_reason: "max_rounds",
  duration_ms: 1,
} as const;

describe("a result of which nothing was counted", () => {
  test("is still shown, with the words of the chair", () => {
    const page = renderToStaticMarkup(<Uncounted completed={COMPLETED} />);
    expect(page).toContain("3 experts answered.");
    expect(page).toContain("<strong>yes</strong>");
    expect(page).toContain("Ended after the last planned round.");
    expect(page).not.toContain("Signed by a person");
  });

  test("says that a person signed", () => {
    const signed = { ...COMPLETED, ratified_by: "user", stop_reason: "human_approved" } as const;
    expect(renderToStaticMarkup(<Uncounted completed={signed} />)).toContain("Signed by a person");
  });
});

describe("dissent", () => {
  const dissentOf = (configuration: Readonly<Record<string, unknown>>): string => {
    const panel = counted({ band: "unanimous", positions: [["support", 1, 3]], configuration });
    const [consensus] = results(panel);
    return consensus === undefined
      ? ""
      : renderToStaticMarkup(<ConsensusDisplay panel={panel} consensus={consensus} />);
  };

  test("that nobody was to list is not called none", () => {
    expect(dissentOf({ enable_dissent: true })).toContain("Nobody dissents.");
    const off = dissentOf({ enable_dissent: false });
    expect(off).toContain("Dissenting opinions were not listed for this panel.");
    expect(off).not.toContain("Nobody dissents.");
  });
});
