/** What a round of a Delphi panel gave for one item, and how it moved. Pure. */
import type { PanelState, Round } from "./fold";
import { type Item, metricsOf } from "./metrics";

/** One expert's value, with the range the expert finds plausible where one was given. */
export interface Value {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

export interface RoundValues {
  readonly round: number;
  readonly values: readonly Value[];
  /** The item's figures as counted; null while the round is open. */
  readonly figures: Item | null;
}

export interface Distribution {
  readonly id: string;
  readonly name: string;
  /** The unit of a forecast; null: ratings from 1 to 9. */
  readonly unit: string | null;
  readonly rounds: readonly RoundValues[];
}

/** Every item of the panel with its rounds so far; empty before the first one is counted. */
export function distributionsOf(panel: PanelState): readonly Distribution[] {
  const counted = panel.rounds.filter((round) => itemsIn(round).length > 0);
  const last = counted.at(-1);
  if (last === undefined) return [];
  const names = new Map(panel.created?.options.map((option) => [option.id, option.text]));
  for (const position of metricsOf(last.consensus?.metrics ?? {}).positions)
    if (!names.has(position.position)) names.set(position.position, position.text);
  return itemsIn(last).map((item, place) => ({
    id: item.id,
    name: names.get(item.id) ?? item.id,
    unit: item.unit,
    rounds: counted.map((round) => ({
      round: round.number,
      values: valuesIn(round, place, item.unit),
      figures: itemsIn(round).find((one) => one.id === item.id) ?? null,
    })),
  }));
}

function itemsIn(round: Round): readonly Item[] {
  return round.consensus === null ? [] : metricsOf(round.consensus.metrics).items;
}

function valuesIn(round: Round, place: number, unit: string | null): readonly Value[] {
  return round.turns.flatMap((turn) => {
    if (turn.response === null || !("answer" in turn.response) || turn.late) return [];
    const { forecast, ratings } = turn.response.answer;
    if (unit !== null)
      return forecast
        ? { value: forecast.value, low: forecast.low ?? null, high: forecast.high ?? null }
        : [];
    const rating = ratings?.[place];
    return rating == null ? [] : { value: rating, low: null, high: null };
  });
}

/** The ends of the axis and its marks: 1 to 9 for ratings, round numbers around what was said for a forecast. */
export function scaleOf(distribution: Distribution): {
  readonly low: number;
  readonly high: number;
  readonly marks: readonly number[];
} {
  if (distribution.unit === null) return { low: 1, high: 9, marks: [1, 2, 3, 4, 5, 6, 7, 8, 9] };
  const all = distribution.rounds.flatMap(({ values }) =>
    values.flatMap(({ value, low, high }) => [value, low ?? value, high ?? value]),
  );
  const [least, most] = [Math.min(...all), Math.max(...all)];
  const step = niceStep((most - least || Math.abs(most) || 1) / 4);
  const low = Math.floor(least / step) * step;
  const marks: number[] = [];
  for (let mark = low; marks.length < 12; mark += step) {
    marks.push(Number(mark.toPrecision(12)));
    if (mark >= most) break;
  }
  return { low, high: marks.at(-1) ?? most, marks };
}

/** 1, 2 or 5 times a power of ten, at least the wanted step. */
function niceStep(wanted: number): number {
  const power = 10 ** Math.floor(Math.log10(wanted));
  return power * ([1, 2, 5, 10].find((factor) => factor * power >= wanted) ?? 10);
}

/** How the item settled: the median of the first and the last counted round. */
export function movement(distribution: Distribution): { readonly from: number; readonly to: number } | null {
  const medians = distribution.rounds.flatMap(({ figures }) => figures?.median ?? []);
  const [from, to] = [medians[0], medians.at(-1)];
  return from === undefined || to === undefined || medians.length < 2 ? null : { from, to };
}
