/** The result as plain text, to be pasted elsewhere: what must be known of it goes with it. Pure. */
import { percent } from "@/format";
import { text } from "@/text";
import { demonstrationOf } from "./demonstration";
import { type PanelState, results } from "./fold";

export function resultText(panel: PanelState): string {
  const last = results(panel).at(-1);
  const demonstration = demonstrationOf(panel);
  return [
    panel.created?.query ?? "",
    ...(demonstration === null ? [] : ["", demonstration]),
    "",
    panel.completed?.recommendation ?? "",
    ...(last
      ? [
          "",
          `${text.result.consensus}: ${percent(last.consensus_level)} (${text.bands[last.band] ?? last.band})`,
        ]
      : []),
    ...(last?.dissenting_opinions ?? []).map(
      (one) => `${text.result.dissent}: ${one.agent_name}: ${one.opinion}`,
    ),
  ].join("\n");
}
