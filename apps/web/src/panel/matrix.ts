/** The comparison matrix as `GET /panels/{id}/matrix` answers it; the gateway does not type its rows. Pure. */
import { at, listOf, textOf } from "@/api/problem";

export type View = "support" | "oppose" | "qualified" | "neutral";

export interface Cell {
  readonly agentId: string;
  readonly view: View;
  readonly quotes: readonly { readonly response_id: string | null; readonly text: string }[];
}

export interface Aspect {
  readonly text: string;
  /** The vote itself, an option or item of it, or a point somebody made. */
  readonly kind: "vote" | "option" | "item" | "point";
  readonly cells: readonly Cell[];
}

const VIEWS: readonly View[] = ["support", "oppose", "qualified", "neutral"];
const KINDS: readonly Aspect["kind"][] = ["vote", "option", "item", "point"];

export function aspectsOf(rows: readonly unknown[]): readonly Aspect[] {
  return rows.flatMap((row) => {
    const text = textOf(at(row, "text"));
    if (text === null) return [];
    return {
      text,
      kind: KINDS.find((kind) => kind === at(row, "kind")) ?? "point",
      cells: listOf(at(row, "cells")).flatMap((cell) => cellOf(cell) ?? []),
    };
  });
}

/** The experts of the matrix, each once, in its order. */
export function columnsOf(aspects: readonly Aspect[]): readonly string[] {
  return [...new Set(aspects.flatMap((aspect) => aspect.cells.map((cell) => cell.agentId)))];
}

function cellOf(cell: unknown): Cell | null {
  const agentId = textOf(at(cell, "agent_id"));
  if (agentId === null) return null;
  return {
    agentId,
    view: VIEWS.find((view) => view === at(cell, "view")) ?? "neutral",
    quotes: listOf(at(cell, "quotes")).flatMap((quote) => {
      const words = textOf(at(quote, "text"));
      return words === null ? [] : { response_id: textOf(at(quote, "response_id")), text: words };
    }),
  };
}
