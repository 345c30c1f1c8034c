import type { CSSProperties, ReactNode } from "react";
import { percent } from "@/format";
import { text } from "@/text";
import { hasEnded, type PanelState } from "./fold";

/** The rounds so far and those planned, each with the consensus it ended with. */
export function Timeline({ panel }: { readonly panel: PanelState }): ReactNode {
  const most = panel.started?.plan.rounds ?? panel.rounds.length;
  const planned = hasEnded(panel) ? 0 : Math.max(0, most - panel.rounds.length);
  if (panel.rounds.length + planned === 0) return null;
  return (
    <nav className="timeline" aria-label={text.panel.timeline}>
      <ol>
        {panel.rounds.map((round) => {
          const open = round.completed === null && !hasEnded(panel);
          const answered = round.turns.filter((turn) => turn.phase === "answered").length;
          const asked = Math.max(round.speakers.length, round.turns.length);
          const done = { "--done": `${(answered / Math.max(asked, 1)) * 100}%` } as CSSProperties;
          return (
            <li key={round.number} className={open ? "open" : "closed"} style={open ? done : undefined}>
              <a href={`#round-${round.number}`} aria-current={open ? "step" : undefined}>
                <span className="timeline-name">{text.panel.round(round.number)}</span>
                <span className="hint">
                  {round.consensus
                    ? percent(round.consensus.consensus_level)
                    : open
                      ? `${answered} / ${asked}`
                      : text.panel.closed}
                </span>
              </a>
            </li>
          );
        })}
        {Array.from({ length: planned }, (_, place) => panel.rounds.length + place + 1).map((number) => (
          <li key={number} className="planned">
            <span>
              <span className="timeline-name">{text.panel.round(number)}</span>
              <span className="hint">{text.panel.planned}</span>
            </span>
          </li>
        ))}
      </ol>
    </nav>
  );
}
