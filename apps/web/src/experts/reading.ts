import { type Api, bodyOf, type Schemas } from "@/api/client";
import { Problem } from "@/api/problem";
import { text } from "@/text";
import type { Expert } from "./expert-draft";

/** An own expert with its instructions. Rejects with one to retry while an older version than `known` is told. */
export async function read(api: Api, known: Expert): Promise<Schemas["ExpertDetail"]> {
  const found = await bodyOf(
    api.GET("/api/v1/agents/{agent_id}", { params: { path: { agent_id: known.id } } }),
  );
  if (found.version < known.version) throw new Problem(503, "behind", text.experts.behind);
  return found;
}
