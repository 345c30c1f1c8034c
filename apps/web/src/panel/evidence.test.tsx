import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { usedBy } from "./cost";
import type { PanelEvent } from "./events";
import { Citations, EvidenceContext, titlesOf } from "./evidence";
import { EMPTY, fold } from "./fold";
import { PanelHeader } from "./panel-header";

const evidence = [
  { id: "E1", title: "Reimbursement" },
  { id: "E2", title: " " },
];
const words = (page: string): string => page.replace(/<[^>]*>/g, "");

describe("evidence", () => {
  test("stands with the question, what has no title by its id", () => {
    const created = {
      name: "panel_created",
      data: {
        panel_id: "p",
        sequence: 1,
        at: "2026-01-01T00:00:00Z",
        query: "Why?",
        panel_type: "open",
        configuration: {},
        options: [],
        agents: [],
        evidence,
      },
    } as unknown as PanelEvent;
    const panel = fold(EMPTY, [created]);
    const header = <PanelHeader panel={panel} used={usedBy(panel, null)} mayAct={false} />;
    expect(words(renderToStaticMarkup(header))).toContain("Evidence Reimbursement · E2");
  });

  test("is cited by its title, and once; what is not known by its id", () => {
    const cited = (ids: readonly string[]): string =>
      words(
        renderToStaticMarkup(
          <EvidenceContext value={titlesOf(evidence)}>
            <Citations ids={ids} />
          </EvidenceContext>,
        ),
      );
    expect(cited(["E1", "E9", "E1"])).toBe("Cites Reimbursement · E9");
    expect(cited([])).toBe("");
  });
});
