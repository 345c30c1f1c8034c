/** The form of a panel that has been asked, filled as it was. Pure, but for the tab's memory of the last one. */
import type { Schemas } from "@/api/client";
import type { PanelTypeInfo } from "@/api/panel-types";
import { at, listOf, numberOf, textOf } from "@/api/problem";
import { type Advanced, BLANK, type Draft, parseDraft } from "./draft";

export interface Again {
  readonly draft: Draft;
  /** Titles of the texts of which only the beginning is known. */
  readonly cut: readonly string[];
}

/** As many characters of a text the REST answers give (`EvidenceView.excerpt`): one as long was longer. */
const EXCERPT = 280;
const DAY = 1440;

/**
 * The panel whose question is asked again, as the address says it, and after which sequence of the log it is to be
 * read: it may be asked again before the tables have it.
 */
export function earlierIn(address: Pick<URLSearchParams, "get">): {
  readonly again: string | null;
  readonly after: number | null;
} {
  const after = address.get("after") ?? "";
  return { again: address.get("again"), after: /^\d{1,15}$/.test(after) ? Number(after) : null };
}

/** From the panel itself; what is its protocol's default stays so. */
export function draftOf(panel: Schemas["PanelView"], type: PanelTypeInfo | undefined): Again {
  const { configuration } = panel;
  const given = (key: string): number | null => numberOf(at(configuration, key));
  const unless = <T>(value: T, usual: T | undefined): T | null => (value === usual ? null : value);
  const moderator = textOf(at(configuration, "moderator_agent")) ?? "";
  const cost = textOf(at(configuration, "max_cost_usd")) ?? "";
  const method = textOf(at(configuration, "method")) ?? "";
  const minutes = given("human_deadline_minutes");
  const quantity = at(configuration, "quantity");
  const bound = (key: string): string => numberOf(at(quantity, key))?.toString() ?? "";
  const advanced: Advanced = {
    ...BLANK.advanced,
    maxRounds: unless(given("max_rounds"), type?.rounds.default),
    threshold: unless(given("consensus_threshold"), type?.threshold.default),
    minutes: unless(given("time_limit_minutes"), type?.minutes),
    maxCost: Number(cost) === Number(type?.maxCost) ? "" : cost,
    method: unless(method, type?.methods[0]) ?? "",
    customPrompt: textOf(at(configuration, "custom_prompt")) ?? "",
    dissent: at(configuration, "enable_dissent") !== false,
    chair: at(configuration, "chair") === true,
    moderator,
    humanHours: minutes === null || minutes === DAY ? null : minutes / 60,
    rank: at(configuration, "rank_options") === true,
    dimensions: listOf(at(configuration, "dimensions")).join(", "),
  };
  return {
    draft: {
      query: panel.query,
      type: panel.panel_type,
      agents: panel.agents.filter((agent) => agent !== moderator),
      options: panel.options.map((option) => option.text),
      quantity: {
        unit: textOf(at(quantity, "unit")) ?? "",
        minimum: bound("minimum"),
        maximum: bound("maximum"),
      },
      evidence: panel.evidence.map(({ title, excerpt }) => ({ title, text: excerpt })),
      advanced,
      parent: panel.parent_panel_id ?? null,
    },
    cut: panel.evidence
      .filter(({ excerpt }) => excerpt.length >= EXCERPT)
      .map(({ title, id }) => title || id),
  };
}

/** Where the last panel's form is kept, and where the draft of the next one: each is its owner's alone. */
export const askedKey = (owner: string): string => `askpanel.asked.${owner}`;
export const draftKey = (owner: string): string => `askpanel.draft.${owner}`;

/** The tab remembers the last panel's form whole: of its evidence the server gives only the beginnings. */
export function remember(owner: string, panelId: string, draft: Draft, tab: Pick<Storage, "setItem">): void {
  try {
    tab.setItem(askedKey(owner), JSON.stringify({ panelId, draft }));
  } catch {
    // It is more than the tab may keep: the beginnings must do.
  }
}

/** The texts of that panel's evidence; null where another was the last one asked in this tab. */
export function remembered(
  owner: string,
  panelId: string,
  tab: Pick<Storage, "getItem">,
): Draft["evidence"] | null {
  const stored = tab.getItem(askedKey(owner));
  if (stored === null) return null;
  try {
    const asked: unknown = JSON.parse(stored);
    return at(asked, "panelId") === panelId ? parseDraft(JSON.stringify(at(asked, "draft"))).evidence : null;
  } catch {
    return null;
  }
}

/** Earlier versions kept both without their owner: nobody can tell whose they are. */
export function forgetUnowned(
  tenant: string,
  browser: Pick<Storage, "removeItem">,
  tab: Pick<Storage, "removeItem">,
): void {
  browser.removeItem(`askpanel.draft.${tenant}`);
  tab.removeItem("askpanel.asked");
}
