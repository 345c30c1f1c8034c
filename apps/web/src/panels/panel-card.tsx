import Link from "next/link";
import type { ReactNode } from "react";
import type { Schemas } from "@/api/client";
import { ago, money, percent } from "@/format";
import { useMayAct } from "@/panel/panel-actions";
import { text } from "@/text";
import { LevelBar } from "@/ui/gauge";
import { StatusChip, typeName, waitsFor } from "@/ui/status";
import { LiveProgress } from "./live-progress";

interface Props {
  readonly panel: Schemas["PanelSummary"];
  /** Called once when the panel ends before the reader's eyes; null: the card does not follow it. */
  readonly onEnd: (() => void) | null;
}

/** One panel in the list: the whole card is its link. A running one shows its experts at work. */
export function PanelCard({ panel, onEnd }: Props): ReactNode {
  const stopped = panel.failure?.reason === "cancelled";
  const mayAct = useMayAct(panel.user_id);
  const status = panel.awaiting ? waitsFor(mayAct) : stopped ? "stopped" : panel.status;
  const level = panel.consensus_level;
  return (
    <article className="card panel-card">
      <p className="panel-card-top">
        <span className="chip">{typeName(panel.panel_type)}</span>
        <StatusChip status={status} />
        {(panel.degraded?.length ?? 0) > 0 && <span className="chip warn">{text.panels.degraded}</span>}
      </p>
      <h2>
        <Link href={`/panel/?id=${panel.id}`}>{panel.query}</Link>
      </h2>
      <div className="panel-card-level">
        {onEnd !== null ? (
          <LiveProgress panelId={panel.id} onEnd={onEnd} />
        ) : level == null || panel.status === "failed" ? (
          <span className="hint">
            {panel.failure
              ? (text.failures[panel.failure.reason] ?? panel.failure.reason)
              : panel.status === "completed"
                ? text.panels.uncounted
                : text.panels.noLevel}
          </span>
        ) : (
          <>
            <LevelBar level={level} />
            <span>
              <strong>{percent(level)}</strong>{" "}
              <span className="hint">{panel.band ? text.bands[panel.band] : ""}</span>
            </span>
          </>
        )}
      </div>
      <p className="panel-card-foot">
        <span>{text.panels.experts(panel.agents?.length ?? 0)}</span>
        {panel.cost_usd != null && (
          <span>
            {panel.uncosted_calls > 0 ? text.panel.atLeast(money(panel.cost_usd)) : money(panel.cost_usd)}
          </span>
        )}
        {panel.created_at != null && (
          <time dateTime={panel.created_at}>{ago(panel.created_at, Date.now())}</time>
        )}
      </p>
    </article>
  );
}
