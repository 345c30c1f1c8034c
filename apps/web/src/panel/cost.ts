/** What a panel has used and how much of that is known. Pure. */
import type { Schemas } from "@/api/client";
import { money } from "@/format";
import { text } from "@/text";
import { hasEnded, type PanelState, type Spent } from "./fold";

export type UsageReport = Schemas["PanelUsageReport"];

export interface Used {
  readonly spent: Spent;
  readonly byAgent: ReadonlyMap<string, Spent>;
  /** `so far`: it runs. `in part`: it has ended, and some of its costs are not recorded yet, or not read. */
  readonly known: "so far" | "in part" | "whole";
  /** Whether `byAgent` is of the first rows only: the tables hold more than a panel has. */
  readonly rowsLeftOut: boolean;
}

/** The stream ends with the panel, the costs come later: then the report of the panel's usage tells them. */
export function usedBy(panel: PanelState, report: UsageReport | null): Used {
  const heard = { spent: panel.spent, byAgent: panel.spentByAgent, rowsLeftOut: false };
  if (!hasEnded(panel)) return { ...heard, known: "so far" };
  if (report === null || report.calls < panel.spent.calls) return { ...heard, known: "in part" };
  const byAgent = new Map(
    report.groups.flatMap((group) => (group.key === null ? [] : [[group.key, spentOf(group)]])),
  );
  // Who may not see the rows of this panel has heard of most of them.
  const seen = report.groups.reduce((sum, group) => sum + group.calls, 0);
  const isSeen = seen >= panel.spent.calls;
  return {
    spent: spentOf(report),
    byAgent: isSeen ? byAgent : panel.spentByAgent,
    rowsLeftOut: isSeen && report.rows_left_out,
    known: report.uncosted_calls > 0 ? "in part" : "whole",
  };
}

function spentOf(
  totals: Pick<UsageReport, "calls" | "tokens_used" | "cost_usd" | "unpriced_calls" | "execution_time_ms">,
): Spent {
  return {
    calls: totals.calls,
    tokens: totals.tokens_used,
    cost: totals.cost_usd == null ? null : Number(totals.cost_usd),
    unpriced: totals.unpriced_calls,
    milliseconds: totals.execution_time_ms,
  };
}

/** The cost in words: an amount that is not the whole is the least it was, and an unknown one is not nothing. */
export function costOf({ calls, cost, unpriced }: Spent, known: Used["known"]): string {
  if (cost !== null)
    return unpriced > 0 || known === "in part" ? text.panel.atLeast(money(cost)) : money(cost);
  if (unpriced > 0) return text.panel.unpriced;
  return known === "whole" && calls === 0 ? money(0) : text.panel.costUnknown;
}
