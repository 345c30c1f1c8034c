"use client";

import Link from "next/link";
import { type ReactNode, useEffect, useState } from "react";
import { compact, duration, moment } from "@/format";
import { text } from "@/text";
import { StatusChip, typeName, waitsFor } from "@/ui/status";
import { costOf, type Used } from "./cost";
import { EvidenceList } from "./evidence";
import { hasEnded, type PanelState } from "./fold";

interface Props {
  readonly panel: PanelState;
  readonly used: Used;
  readonly mayAct: boolean;
  readonly children?: ReactNode;
}

/** The question and what it takes: how long, how much, how far. */
export function PanelHeader({ panel, used, mayAct, children }: Props): ReactNode {
  const { created, started } = panel;
  if (created === null) return null;
  const stopped = panel.failed?.reason === "cancelled";
  const awaiting = panel.awaiting !== null && !hasEnded(panel);
  const status = awaiting ? waitsFor(mayAct) : stopped ? "stopped" : panel.status;
  return (
    <header className="panel-header">
      <p className="crumbs">
        <Link href="/">{text.panel.crumb}</Link>
        <span aria-hidden="true">/</span>
        <span className="chip">{typeName(created.panel_type)}</span>
        <StatusChip status={status} />
        <span className="hint">{text.panel.asked(moment(created.at))}</span>
      </p>
      <h1 className="question">{created.query}</h1>
      {created.options.length > 0 && (
        <ol className="option-list" aria-label={text.panel.options}>
          {created.options.map((option) => (
            <li key={option.id}>{option.text}</li>
          ))}
        </ol>
      )}
      <EvidenceList evidence={created.evidence} />
      <div className="panel-facts">
        <dl>
          <div>
            <dt>{hasEnded(panel) ? text.panel.took : text.panel.elapsed}</dt>
            <dd>
              <Elapsed panel={panel} />
            </dd>
          </div>
          <div>
            <dt>{text.panel.rounds}</dt>
            <dd>
              {panel.rounds.length}
              {started !== null && !hasEnded(panel) && <small> / {started.plan.rounds}</small>}
            </dd>
          </div>
          <div>
            <dt>{text.panel.cost}</dt>
            <dd>{costOf(used.spent, used.known)}</dd>
          </div>
          <div>
            <dt>{text.panel.tokens}</dt>
            <dd>{compact(used.spent.tokens)}</dd>
          </div>
        </dl>
        <div className="buttons">{children}</div>
      </div>
    </header>
  );
}

function Elapsed({ panel }: { readonly panel: PanelState }): ReactNode {
  const running = !hasEnded(panel);
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running) return;
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, [running]);
  if (panel.completed) return duration(panel.completed.duration_ms);
  const began = Date.parse(panel.created?.at ?? "");
  const end = panel.failed ? Date.parse(panel.failed.at) : now;
  return running ? duration(Math.max(0, Math.round((end - began) / 1000) * 1000)) : duration(end - began);
}
