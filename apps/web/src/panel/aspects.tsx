"use client";

import type { ReactNode } from "react";
import useSWR from "swr";
import { bodyOf, upToDate } from "@/api/client";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Avatar } from "@/ui/avatar";
import { StanceSign } from "@/ui/stance";
import { Spinner, Trouble } from "@/ui/states";
import { useFocus } from "./focus";
import type { PanelState } from "./fold";
import { type Aspect, aspectsOf, type Cell, columnsOf, type View } from "./matrix";
import { silentSeats } from "./silence";

const STANCE: Record<View, string> = {
  support: "support",
  oppose: "oppose",
  qualified: "conditional",
  neutral: "neutral",
};

/** Aspects by experts: who supports, opposes, qualifies or says nothing; a cell leads to the words behind it. */
export function AspectMatrix({
  panelId,
  panel,
}: {
  readonly panelId: string;
  readonly panel: PanelState;
}): ReactNode {
  const { api } = useSession();
  const { data, error, mutate } = useSWR(["matrix", panelId], async () => {
    // The tables follow the log by milliseconds: wait until they show this end.
    const asked = api.GET("/api/v1/panels/{panel_id}/matrix", {
      params: { path: { panel_id: panelId }, header: { "X-Min-Sequence": panel.sequence } },
    });
    const answer = await bodyOf(asked);
    upToDate((await asked).response);
    return { aspects: aspectsOf(answer.aspects), rowsLeftOut: answer.rows_left_out };
  });
  if (data?.aspects.length === 0) return null;
  const silent = silentSeats(panel);
  return (
    <section className="card matrix" aria-labelledby="aspects">
      <h3 id="aspects">{text.matrix.title}</h3>
      <p className="hint">{text.matrix.help}</p>
      {error !== undefined && <Trouble error={error} onRetry={() => void mutate()} />}
      {data === undefined && error === undefined && <Spinner label={text.loading} />}
      {data && <Matrix panel={panel} {...data} />}
      {silent.length > 0 && (
        <p className="hint silent">{text.matrix.silent(silent.map((seat) => seat.agent_name))}</p>
      )}
      <ul className="legend" aria-hidden="true">
        {(["support", "qualified", "oppose", "neutral"] as const).map((view) => (
          <li key={view} className={`stance-${STANCE[view]}`}>
            <StanceSign stance={STANCE[view]} /> {text.matrix.views[view]}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** The matrix, and that it may not be the panel's own where its rounds are not all read. */
export function Matrix({
  panel,
  aspects,
  rowsLeftOut,
}: {
  readonly panel: PanelState;
  readonly aspects: readonly Aspect[];
  readonly rowsLeftOut: boolean;
}): ReactNode {
  return (
    <>
      <Grid panel={panel} aspects={aspects} />
      {rowsLeftOut && <p className="hint">{text.result.rowsLeftOut}</p>}
    </>
  );
}

function Grid({
  panel,
  aspects,
}: {
  readonly panel: PanelState;
  readonly aspects: readonly Aspect[];
}): ReactNode {
  const seatOf = (id: string) => panel.seats.find((seat) => seat.agent_id === id);
  const columns = columnsOf(aspects).toSorted(
    (one, other) => (seatOf(one)?.seat ?? 99) - (seatOf(other)?.seat ?? 99),
  );
  const name = (id: string): string => seatOf(id)?.agent_name ?? text.panel.human;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
    <div className="scroll" tabIndex={0}>
      <table className="table">
        <thead>
          <tr>
            <th scope="col">{text.matrix.aspect}</th>
            {columns.map((id) => (
              <th key={id} scope="col" title={name(id)}>
                <Avatar name={name(id)} seat={seatOf(id)?.seat ?? null} size="small" />
                <span className="unseen">{name(id)}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {aspects.map((aspect) => (
            <tr key={`${aspect.kind}:${aspect.text}`} className={`kind-${aspect.kind}`}>
              <th scope="row">
                {aspect.kind === "vote" && aspect.text === "vote" ? text.matrix.vote : aspect.text}
              </th>
              {columns.map((id) => (
                <td key={id}>
                  <CellButton cell={aspect.cells.find((cell) => cell.agentId === id)} name={name(id)} />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function CellButton({ cell, name }: { readonly cell: Cell | undefined; readonly name: string }): ReactNode {
  const { show } = useFocus();
  const view = cell?.view ?? "neutral";
  const label = `${name}: ${text.matrix.views[view]}`;
  const sign = <StanceSign stance={STANCE[view]} />;
  if (cell === undefined || cell.quotes.length === 0)
    return (
      <span className={`cell stance-${STANCE[view]}`} role="img" aria-label={label}>
        {sign}
      </span>
    );
  return (
    <button
      type="button"
      className={`cell stance-${STANCE[view]}`}
      aria-label={`${label}; ${text.result.find.toLowerCase()}`}
      title={cell.quotes.map((quote) => `“${quote.text}”`).join("\n")}
      onClick={() => show(cell.quotes)}
    >
      {sign}
    </button>
  );
}
