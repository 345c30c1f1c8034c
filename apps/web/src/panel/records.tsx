"use client";

import { type ReactNode, useState } from "react";
import useSWR from "swr";
import { bodyOf } from "@/api/client";
import { numberOf, textOf } from "@/api/problem";
import { amount, clock, count, duration, percent } from "@/format";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Spinner, Trouble } from "@/ui/states";
import { statedStance } from "./ballots";
import { costOf, type Used } from "./cost";
import type { PanelState, Spent, Turn } from "./fold";
import { Vote } from "./vote";

/** What each expert held in each round: a table of stances and confidences. */
export function Comparison({ panel }: { readonly panel: PanelState }): ReactNode {
  const rounds = panel.rounds.filter((round) => round.turns.some((turn) => heldIn(turn) !== null));
  // One round's positions are those of the vote, which stand above.
  if (rounds.length < 2) return null;
  return (
    <section className="card" aria-labelledby="matrix">
      <h3 id="matrix">{text.result.matrix}</h3>
      <p className="hint">{text.result.matrixHelp}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <div className="scroll" tabIndex={0}>
        <table className="table">
          <thead>
            <tr>
              <th scope="col">{text.result.expert}</th>
              {rounds.map((round) => (
                <th key={round.number} scope="col">
                  {text.panel.round(round.number)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {panel.seats
              .filter((seat) => seat.role === "expert")
              .map((seat) => (
                <tr key={seat.seat}>
                  <th scope="row">{seat.agent_name}</th>
                  {rounds.map((round) => {
                    const turn = round.turns.find((one) => one.seat === seat.seat && heldIn(one) !== null);
                    return <td key={round.number}>{turn === undefined ? "–" : heldIn(turn)}</td>;
                  })}
                </tr>
              ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** What an answer holds, as a cell: a stance with its confidence, or ratings; null for what holds nothing. */
function heldIn(turn: Turn): ReactNode {
  const { response } = turn;
  if (response === null || !("answer" in response)) return null;
  if (response.answer.forecast) return amount(response.answer.forecast.value);
  if (response.answer.ratings) return response.answer.ratings.map((rating) => rating ?? "–").join(" · ");
  if (statedStance(turn) === null) return null;
  return (
    <>
      <Vote turn={turn} />
      {response.confidence !== null && <small className="hint"> {percent(response.confidence)}</small>}
    </>
  );
}

/** What each seat used. */
export function CostByExpert({
  panel,
  used,
}: {
  readonly panel: PanelState;
  readonly used: Used;
}): ReactNode {
  if (used.spent.calls === 0) return null;
  const rows = [...used.byAgent].map(([id, spent]) => ({
    id,
    name: panel.seats.find((seat) => seat.agent_id === id)?.agent_name ?? text.roles[id] ?? id,
    spent,
  }));
  const listed = rows.reduce((sum, { spent }) => sum + spent.calls, 0);
  return (
    <section className="card" aria-labelledby="cost">
      <h3 id="cost">{text.result.costTitle}</h3>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard */}
      <div className="scroll" tabIndex={0}>
        <table className="table numbers">
          <thead>
            <tr>
              <th scope="col">{text.result.expert}</th>
              <th scope="col">{text.result.calls}</th>
              <th scope="col">{text.panel.tokens}</th>
              <th scope="col">{text.result.time}</th>
              <th scope="col">{text.panel.cost}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ id, name, spent }) => (
              <SpentRow key={id} name={name} spent={spent} cost={costOf(spent, "so far")} />
            ))}
          </tbody>
          <tfoot>
            <SpentRow name={text.result.total} spent={used.spent} cost={costOf(used.spent, used.known)} />
          </tfoot>
        </table>
      </div>
      {used.spent.unpriced > 0 && <p className="hint">{text.usage.unpriced(used.spent.unpriced)}</p>}
      {listed < used.spent.calls && <p className="hint">{text.result.unlisted(used.spent.calls - listed)}</p>}
      {used.rowsLeftOut && <p className="hint">{text.result.rowsLeftOut}</p>}
    </section>
  );
}

function SpentRow({
  name,
  spent,
  cost,
}: {
  readonly name: string;
  readonly spent: Spent;
  readonly cost: string;
}): ReactNode {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{count(spent.calls)}</td>
      <td>{count(spent.tokens)}</td>
      <td>{duration(spent.milliseconds)}</td>
      <td>{cost}</td>
    </tr>
  );
}

/** The panel's public events as the log holds them. */
export function AuditTrail({ panelId }: { readonly panelId: string }): ReactNode {
  const { api } = useSession();
  const [open, setOpen] = useState(false);
  const { data, error } = useSWR(open ? ["events", panelId] : null, () =>
    bodyOf(api.GET("/api/v1/panels/{panel_id}/events", { params: { path: { panel_id: panelId } } })),
  );
  return (
    <section className="card audit" aria-labelledby="audit">
      <h3 id="audit">{text.result.audit}</h3>
      <p className="hint">{text.result.auditHelp}</p>
      {!open && (
        <button type="button" className="button" onClick={() => setOpen(true)}>
          {text.result.auditShow}
        </button>
      )}
      {open && error !== undefined && <Trouble error={error} />}
      {open && data === undefined && error === undefined && <Spinner label={text.loading} />}
      {data && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
        <div className="scroll tall" tabIndex={0}>
          <table className="table">
            <thead>
              <tr>
                <th scope="col">{text.result.sequence}</th>
                <th scope="col">{text.result.at}</th>
                <th scope="col">{text.result.event}</th>
                <th scope="col">{text.result.detail}</th>
              </tr>
            </thead>
            <tbody>
              {data.events.map((event) => (
                <tr key={String(event["sequence"])}>
                  <td className="mono">{numberOf(event["sequence"])}</td>
                  <td className="mono">{clock(textOf(event["at"]) ?? "")}</td>
                  <td>{(textOf(event["event"]) ?? "").replaceAll("_", " ")}</td>
                  <td>{told(event)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

/** The few fields that tell one event of a kind from another. */
function told(event: Readonly<Record<string, unknown>>): string {
  const parts = [
    "round_number",
    "agent_name",
    "agent_id",
    "purpose",
    "stance",
    "reason",
    "consensus_level",
    "cost_usd",
    "stop_reason",
  ];
  return parts
    .filter((part) => part !== "agent_id" || event["agent_name"] === undefined)
    .flatMap((part) =>
      event[part] === undefined || event[part] === null
        ? []
        : part === "round_number"
          ? text.panel.round(Number(event[part]))
          : String(event[part]),
    )
    .join(" · ");
}
