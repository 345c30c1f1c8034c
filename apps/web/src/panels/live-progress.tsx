"use client";

import { type ReactNode, useEffect } from "react";
import { hasEnded, type PanelState } from "@/panel/fold";
import { usePanel } from "@/panel/use-panel";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Avatar } from "@/ui/avatar";

/** A running panel on its card: who speaks, who has answered, which round. Follows the panel's own stream. */
export function LiveProgress({ panelId, onEnd }: { readonly panelId: string; onEnd(): void }): ReactNode {
  const { panel, link, refused, held } = usePanel(panelId, useSession().access);
  const ended = hasEnded(panel);
  // biome-ignore lint/correctness/useExhaustiveDependencies: told once, when the panel ends
  useEffect(() => {
    if (ended) onEnd();
  }, [ended]);
  const round = panel.rounds.at(-1);
  return (
    <div className="live-progress">
      <p className="hint">
        {refused !== null || held !== null
          ? (refused ?? held)?.message
          : link === "reconnecting"
            ? text.panel.reconnectingShort
            : round === undefined
              ? text.panel.connecting
              : text.panel.roundOf(round.number, panel.started?.plan.rounds ?? round.number)}
      </p>
      <ul>
        {panel.seats.map((seat) => {
          const phase = phaseOf(panel, seat.seat);
          return (
            <li key={seat.seat} className={`phase-${phase}`}>
              <Avatar name={seat.agent_name} seat={seat.seat} size="small" />
              <span className="unseen">
                {seat.agent_name} {text.panel.phases[phase]}
              </span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function phaseOf(panel: PanelState, seat: number): string {
  return panel.rounds.at(-1)?.turns.findLast((turn) => turn.seat === seat)?.phase ?? "waiting";
}
