import type { ReactNode } from "react";
import { compact, count, money, shortDay } from "@/format";
import { text } from "@/text";

export type Measure = "tokens" | "cost";

export interface Amount {
  readonly key: string;
  readonly tokens: number;
  /** US dollars; null: no known price. */
  readonly cost: number | null;
}

const MOST_BARS = 8;

function size(amount: Amount, measure: Measure): number {
  return measure === "tokens" ? amount.tokens : (amount.cost ?? 0);
}

function priced({ cost }: Amount): string {
  return cost === null ? "–" : money(cost);
}

/** A drawing's card and name. */
export function Chart({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ReactNode;
}): ReactNode {
  return (
    <figure className="card chart">
      <figcaption>{title}</figcaption>
      {children}
    </figure>
  );
}

/** The largest amounts as lying bars. The numbers stand beside them: nothing hides in the drawing. */
export function Bars({
  title,
  measure,
  rows,
}: {
  readonly title: string;
  readonly measure: Measure;
  readonly rows: readonly Amount[];
}): ReactNode {
  const shown = rows.toSorted((one, other) => size(other, measure) - size(one, measure)).slice(0, MOST_BARS);
  const most = Math.max(...shown.map((row) => size(row, measure)), Number.MIN_VALUE);
  return (
    <Chart title={title}>
      <ul className="bars">
        {shown.map((row) => (
          <li key={row.key}>
            <span className="bars-name">{row.key}</span>
            <span className="bar" aria-hidden="true">
              <span style={{ width: `${(size(row, measure) / most) * 100}%` }} />
            </span>
            <span className="bars-value">
              {measure === "tokens" ? compact(row.tokens) : priced(row)}
              <small> · {measure === "tokens" ? priced(row) : text.usage.tokens(row.tokens)}</small>
            </span>
          </li>
        ))}
      </ul>
      {rows.length > shown.length && <p className="hint">{text.usage.more(rows.length - shown.length)}</p>}
    </Chart>
  );
}

const HEIGHT = 120;

/** Amounts over days as columns; the same numbers as a table for those who want them. */
export function Columns({
  title,
  label,
  measure,
  rows,
}: {
  readonly title: string;
  readonly label: string;
  readonly measure: Measure;
  readonly rows: readonly Amount[];
}): ReactNode {
  const most = Math.max(...rows.map((row) => size(row, measure)), Number.MIN_VALUE);
  const highest = rows.find((row) => size(row, measure) === most);
  const last = rows.at(-1);
  const step = 100 / Math.max(rows.length, 1);
  const total = rows.reduce((sum, row) => sum + size(row, measure), 0);
  return (
    <figure className="card chart wide">
      <figcaption>{title}</figcaption>
      <svg
        className="columns"
        viewBox={`0 0 100 ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}: ${measure === "tokens" ? text.usage.tokens(total) : money(total)}`}
      >
        {rows.map((row, place) => {
          const height = (size(row, measure) / most) * (HEIGHT - 6);
          return (
            <rect
              key={row.key}
              x={place * step + step * 0.15}
              width={step * 0.7}
              y={HEIGHT - Math.max(height, 1)}
              height={Math.max(height, 1)}
              className={size(row, measure) === 0 ? "none" : ""}
            >
              <title>{`${row.key}: ${text.usage.tokens(row.tokens)}, ${priced(row)}`}</title>
            </rect>
          );
        })}
      </svg>
      <p className="columns-axis hint" aria-hidden="true">
        {rows[0] && <span>{shortDay(rows[0].key)}</span>}
        {highest && (
          <span>
            {text.usage.highest(
              measure === "tokens" ? compact(highest.tokens) : priced(highest),
              shortDay(highest.key),
            )}
          </span>
        )}
        {last && <span>{shortDay(last.key)}</span>}
      </p>
      <details>
        <summary>{text.usage.table}</summary>
        <table className="table numbers">
          <thead>
            <tr>
              <th scope="col">{label}</th>
              <th scope="col">{text.usage.tokensColumn}</th>
              <th scope="col">{text.usage.cost}</th>
            </tr>
          </thead>
          <tbody>
            {rows
              .filter((row) => row.tokens > 0)
              .map((row) => (
                <tr key={row.key}>
                  <th scope="row">{row.key}</th>
                  <td>{count(row.tokens)}</td>
                  <td>{priced(row)}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
