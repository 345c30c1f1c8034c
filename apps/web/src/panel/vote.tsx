"use client";

import { createContext, type ReactNode, useContext } from "react";
import { StancePill } from "@/ui/stance";
import { statedStance } from "./ballots";
import type { Turn } from "./fold";

/** The texts of the panel's options by id. */
export const OptionsContext = createContext<ReadonlyMap<string, string>>(new Map());

/** What an answer votes for: an option where the panel has some, else its stance; nothing for a speech. */
export function Vote({ turn }: { readonly turn: Turn }): ReactNode {
  const options = useContext(OptionsContext);
  const { response } = turn;
  const stance = statedStance(turn);
  const option = response?.option ?? null;
  const chosen = turn.role === "human" || (stance !== null && stance !== "abstain");
  if (option !== null && chosen) return <span className="chip vote">{options.get(option) ?? option}</span>;
  return stance === null ? null : <StancePill stance={stance} />;
}
