/** Which answers are a demonstration, by the model that wrote them. Pure. */
import { text } from "@/text";
import type { PanelState } from "./fold";

/** What the REST answers call a model whose answers mean nothing (`model_label`); null: any other model. */
export function labelOf(model: string): string | null {
  if (model.startsWith("local:")) return text.models.demo;
  return model === "scripted" ? text.models.scripted : null;
}

/** The sentence that says so, as soon as such a model is asked; null where none is. */
export function demonstrationOf(panel: PanelState): string | null {
  const models = panel.rounds.flatMap((round) => round.turns.flatMap((turn) => turn.model ?? []));
  const labels = new Set(models.flatMap((model) => labelOf(model) ?? []));
  return labels.size === 0 ? null : text.result.demonstration([...labels].toSorted());
}
