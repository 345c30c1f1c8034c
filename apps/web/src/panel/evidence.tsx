"use client";

import { createContext, type ReactNode, useContext } from "react";
import { text } from "@/text";
import type { Created } from "./fold";

/** The titles of the panel's evidence by id; what has no title goes by its id. */
export const EvidenceContext = createContext<ReadonlyMap<string, string>>(new Map());

export function titlesOf(evidence: Created["evidence"]): ReadonlyMap<string, string> {
  return new Map(evidence.map(({ id, title }) => [id, title.trim() || id]));
}

/** What the experts were given to cite. */
export function EvidenceList({ evidence }: { readonly evidence: Created["evidence"] }): ReactNode {
  if (evidence.length === 0) return null;
  return (
    <p className="fact">
      <span>{text.panel.evidence}</span> <Listed names={[...titlesOf(evidence).values()]} />
    </p>
  );
}

/** What an answer cites of it. */
export function Citations({ ids }: { readonly ids: readonly string[] }): ReactNode {
  const titles = useContext(EvidenceContext);
  if (ids.length === 0) return null;
  return (
    <p className="fact">
      <span>{text.panel.cites}</span> <Listed names={ids.map((id) => titles.get(id) ?? id)} />
    </p>
  );
}

function Listed({ names }: { readonly names: readonly string[] }): ReactNode {
  return [...new Set(names)].map((name, place) => (
    <bdi key={name}>
      {place > 0 && " · "}
      {name}
    </bdi>
  ));
}
