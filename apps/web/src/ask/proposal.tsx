"use client";

import { type ReactNode, useEffect, useState } from "react";
import useSWR, { type SWRResponse } from "swr";
import { bodyOf, type Schemas } from "@/api/client";
import type { PanelTypeInfo } from "@/api/panel-types";
import { money } from "@/format";
import { useSession } from "@/session/provider";
import { text } from "@/text";

interface Asked {
  /** The question the proposal is for; null: not long enough yet. */
  readonly question: string | null;
  readonly proposal: SWRResponse<Schemas["Proposals"], unknown>;
}

/** What the server proposes for a question once that has not changed for a while; `size` null: the usual number. */
export function useProposal(type: PanelTypeInfo, query: string | null, size: number | null): Asked {
  const { api } = useSession();
  const question = useSettled(query, 500);
  const proposal = useSWR<Schemas["Proposals"], unknown>(
    question === null ? null : ["select", type.id, question, size],
    () =>
      bodyOf(
        api.POST("/api/v1/agents/select", {
          body: {
            query: question ?? "",
            panel_type: type.id as Schemas["Selection"]["panel_type"],
            ...(size !== null && { size }),
          },
        }),
      ),
    { keepPreviousData: true },
  );
  return { question, proposal };
}

interface Props {
  readonly type: PanelTypeInfo;
  readonly query: string | null;
  /** How many experts are chosen; null: the system chooses. */
  readonly seats: number | null;
}

/** About what the panel will cost, by the server's estimate; nothing where there is none. */
export function Estimate({ type, query, seats }: Props): ReactNode {
  const { min, max } = type.experts;
  const fits = seats === null || (seats >= min && seats <= max);
  const { question, proposal } = useProposal(type, fits ? query : null, seats);
  if (question === null || !fits || proposal.data === undefined) return null;
  return ` · ${text.ask.about(money(proposal.data.estimate.cost_usd))}`;
}

/** The value once it has not changed for a while. */
function useSettled(value: string | null, milliseconds: number): string | null {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), milliseconds);
    return () => clearTimeout(timer);
  }, [value, milliseconds]);
  return settled;
}
