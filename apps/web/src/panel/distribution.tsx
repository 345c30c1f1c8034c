/** Delphi ratings round by round: a dot for each expert, a box for the middle half, a line for the median. */
import type { ReactNode } from "react";
import { text } from "@/text";
import type { PanelState, Round } from "./fold";
import { type Item, metricsOf } from "./metrics";

const WIDTH = 360;
const HEIGHT = 76;
const EDGE = 22;
const AXIS = 54;

const place = (rating: number): number => EDGE + ((rating - 1) / 8) * (WIDTH - 2 * EDGE);

export function Distributions({ panel }: { readonly panel: PanelState }): ReactNode {
  const rounds = panel.rounds.filter((round) => ratingsOf(round).length > 0 && round.consensus !== null);
  const last = rounds.at(-1)?.consensus;
  if (!last) return null;
  const items = metricsOf(last.metrics).items;
  if (items.length === 0) return null;
  const names = new Map(panel.created?.options.map((option) => [option.id, option.text]));
  return (
    <section className="distributions" aria-labelledby="ratings">
      <h3 id="ratings">{text.delphi.title}</h3>
      <p className="hint">{text.delphi.help}</p>
      <div className="distribution-grid">
        {items.map((item, number) => (
          <figure key={item.id} className="card">
            <figcaption>
              <span>{names.get(item.id) ?? item.id}</span>
              <span className={`verdict ${item.verdict}`}>
                {text.delphi.verdicts[item.verdict] ?? item.verdict}
              </span>
            </figcaption>
            {rounds.map((round) => (
              <Row
                key={round.number}
                round={round}
                number={number}
                item={itemIn(round, item.id)}
                name={names.get(item.id) ?? item.id}
              />
            ))}
          </figure>
        ))}
      </div>
    </section>
  );
}

function itemIn(round: Round, id: string): Item | null {
  return round.consensus === null
    ? null
    : (metricsOf(round.consensus.metrics).items.find((item) => item.id === id) ?? null);
}

/** What each seat gave, in item order. */
function ratingsOf(round: Round): readonly (readonly (number | null)[])[] {
  return round.turns.flatMap((turn) =>
    turn.response !== null && "answer" in turn.response && turn.response.answer.ratings
      ? [turn.response.answer.ratings]
      : [],
  );
}

function Row({
  round,
  number,
  item,
  name,
}: {
  readonly round: Round;
  readonly number: number;
  readonly item: Item | null;
  readonly name: string;
}): ReactNode {
  const ratings = ratingsOf(round).flatMap((one) => one[number] ?? []);
  const stacked = new Map<number, number>();
  const dots = ratings.map((rating) => {
    const level = stacked.get(rating) ?? 0;
    stacked.set(rating, level + 1);
    return { rating, level };
  });
  return (
    <div className="distribution-row">
      <span className="hint">{text.panel.round(round.number)}</span>
      <svg
        viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
        role="img"
        aria-label={text.delphi.describe(name, round.number, ratings.toSorted((a, b) => a - b).join(", "))}
      >
        <path className="axis" d={`M${place(1)} ${AXIS} H${place(9)}`} />
        {[1, 2, 3, 4, 5, 6, 7, 8, 9].map((tick) => (
          <text key={tick} x={place(tick)} y={AXIS + 17} textAnchor="middle">
            {tick}
          </text>
        ))}
        {item?.quartiles && (
          <rect
            className="box"
            x={place(item.quartiles[0]) - 7}
            width={place(item.quartiles[1]) - place(item.quartiles[0]) + 14}
            y={6}
            height={AXIS - 6}
            rx={7}
          />
        )}
        {item?.median != null && <path className="median" d={`M${place(item.median)} 4 V${AXIS}`} />}
        {dots.map((dot) => (
          <circle
            key={`${dot.rating}-${dot.level}`}
            cx={place(dot.rating)}
            cy={AXIS - 8 - dot.level * 11}
            r={4.6}
          />
        ))}
      </svg>
    </div>
  );
}
