/** Delphi round by round: a dot for each expert, a box for the middle half, a line for the median. */
import type { ReactNode } from "react";
import { amount } from "@/format";
import { text } from "@/text";
import type { PanelState } from "./fold";
import { type Distribution, distributionsOf, movement, type RoundValues, scaleOf } from "./spread";

const WIDTH = 360;
const HEIGHT = 76;
const EDGE = 22;
const AXIS = 54;

export function Distributions({ panel }: { readonly panel: PanelState }): ReactNode {
  const distributions = distributionsOf(panel);
  if (distributions.length === 0) return null;
  const forecast = distributions.some(({ unit }) => unit !== null);
  const stop = panel.completed?.stop_reason;
  return (
    <section className="distributions" aria-labelledby="ratings">
      <h3 id="ratings">{forecast ? text.delphi.forecastTitle : text.delphi.title}</h3>
      <p className="hint">
        {text.delphi.help}
        {stop !== undefined && ` ${text.stops[stop] ?? stop}`}
      </p>
      <div className={`distribution-grid ${distributions.length === 1 ? "single" : ""}`}>
        {distributions.map((one) => (
          <Figure key={one.id} distribution={one} />
        ))}
      </div>
    </section>
  );
}

function Figure({ distribution }: { readonly distribution: Distribution }): ReactNode {
  const { unit, rounds } = distribution;
  const name = unit === null ? distribution.name : text.delphi.inUnit(unit);
  const last = rounds.at(-1)?.figures;
  const moved = movement(distribution);
  const words = [
    ...(moved === null
      ? []
      : [
          moved.from === moved.to
            ? text.delphi.stayed(amount(moved.to))
            : text.delphi.moved(amount(moved.from), amount(moved.to)),
        ]),
    ...(last?.quartiles ? [text.delphi.half(amount(last.quartiles[0]), amount(last.quartiles[1]))] : []),
    ...(last?.disagreement ? [text.delphi.divided] : last?.stable === true ? [text.delphi.settled] : []),
  ];
  return (
    <figure className="card">
      <figcaption>
        <span>{name}</span>
        {last && (
          <span className={`verdict ${last.verdict}`}>
            {text.delphi.verdicts[last.verdict] ?? last.verdict}
          </span>
        )}
      </figcaption>
      {rounds.map((round) => (
        <Row key={round.round} round={round} distribution={distribution} name={name} />
      ))}
      <p className="hint">{words.join(" · ")}</p>
    </figure>
  );
}

function Row({
  round,
  distribution,
  name,
}: {
  readonly round: RoundValues;
  readonly distribution: Distribution;
  readonly name: string;
}): ReactNode {
  const { low, high, marks } = scaleOf(distribution);
  const at = (value: number): number => EDGE + ((value - low) / (high - low || 1)) * (WIDTH - 2 * EDGE);
  const stacked = new Map<number, number>();
  const dots = round.values.map((one) => {
    const column = Math.round(at(one.value) / 9);
    const level = stacked.get(column) ?? 0;
    stacked.set(column, level + 1);
    return { ...one, level, key: `${column}-${level}` };
  });
  const sorted = round.values.map(({ value }) => value).toSorted((one, other) => one - other);
  const quartiles = round.figures?.quartiles;
  return (
    <div className="distribution-row">
      <span className="hint">{text.panel.round(round.round)}</span>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={text.delphi.describe(name, round.round, sorted.map(amount).join(", "))}
      >
        <path className="axis" d={`M${at(low)} ${AXIS} H${at(high)}`} />
        {marks.map((mark) => (
          <text key={mark} x={at(mark)} y={AXIS + 17} textAnchor="middle">
            {amount(mark)}
          </text>
        ))}
        {quartiles && (
          <rect
            className="box"
            x={at(quartiles[0]) - 7}
            width={at(quartiles[1]) - at(quartiles[0]) + 14}
            y={6}
            height={AXIS - 6}
            rx={7}
          />
        )}
        {round.figures?.median != null && (
          <path className="median" d={`M${at(round.figures.median)} 4 V${AXIS}`} />
        )}
        {dots.map((dot) => (
          <g key={dot.key}>
            {dot.low !== null && dot.high !== null && (
              <path className="whisker" d={`M${at(dot.low)} ${AXIS - 8 - dot.level * 11} H${at(dot.high)}`} />
            )}
            <circle cx={at(dot.value)} cy={AXIS - 8 - dot.level * 11} r={4.6} />
          </g>
        ))}
      </svg>
    </div>
  );
}
