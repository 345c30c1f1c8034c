import type { ReactNode } from "react";
import { compact, count } from "@/format";
import { text } from "@/text";

export interface Amount {
  readonly key: string;
  readonly value: number;
  readonly cost: string | null;
}

/** Amounts as lying bars, largest first as given. The numbers stand beside them: nothing hides in the drawing. */
export function Bars({
  title,
  rows,
}: {
  readonly title: string;
  readonly rows: readonly Amount[];
}): ReactNode {
  const most = Math.max(1, ...rows.map((row) => row.value));
  return (
    <figure className="card chart">
      <figcaption>{title}</figcaption>
      <ul className="bars">
        {rows.map((row) => (
          <li key={row.key}>
            <span className="bars-name">{row.key}</span>
            <span className="bar" aria-hidden="true">
              <span style={{ width: `${(row.value / most) * 100}%` }} />
            </span>
            <span className="bars-value">
              {compact(row.value)}
              {row.cost !== null && <small> · {row.cost}</small>}
            </span>
          </li>
        ))}
      </ul>
    </figure>
  );
}

const HEIGHT = 120;

/** Amounts over days as columns; the same numbers as a table for those who want them. */
export function Columns({
  title,
  label,
  rows,
}: {
  readonly title: string;
  readonly label: string;
  readonly rows: readonly Amount[];
}): ReactNode {
  const most = Math.max(1, ...rows.map((row) => row.value));
  const step = 100 / Math.max(rows.length, 1);
  const total = rows.reduce((sum, row) => sum + row.value, 0);
  return (
    <figure className="card chart wide">
      <figcaption>{title}</figcaption>
      <svg
        className="columns"
        viewBox={`0 0 100 ${HEIGHT}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`${title}: ${text.usage.tokens(total)}`}
      >
        {rows.map((row, place) => {
          const height = (row.value / most) * (HEIGHT - 6);
          return (
            <rect
              key={row.key}
              x={place * step + step * 0.15}
              width={step * 0.7}
              y={HEIGHT - Math.max(height, 1)}
              height={Math.max(height, 1)}
              className={row.value === 0 ? "none" : ""}
            >
              <title>{`${row.key}: ${count(row.value)}`}</title>
            </rect>
          );
        })}
      </svg>
      <p className="columns-axis hint" aria-hidden="true">
        <span>{rows[0]?.key}</span>
        <span>{rows.at(-1)?.key}</span>
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
              .filter((row) => row.value > 0)
              .map((row) => (
                <tr key={row.key}>
                  <th scope="row">{row.key}</th>
                  <td>{count(row.value)}</td>
                  <td>{row.cost ?? "–"}</td>
                </tr>
              ))}
          </tbody>
        </table>
      </details>
    </figure>
  );
}
