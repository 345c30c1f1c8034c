import { describe, expect, test } from "vitest";
import type { PanelState } from "./fold";
import { type Distribution, distributionsOf, movement, scaleOf } from "./spread";

const forecast = (...rounds: number[][]): Distribution => ({
  id: "forecast",
  name: "forecast",
  unit: "USD",
  rounds: rounds.map((values, place) => ({
    round: place + 1,
    values: values.map((value) => ({ value, low: null, high: null })),
    figures: null,
  })),
});

describe("the scale of a distribution", () => {
  test("of ratings is always 1 to 9", () => {
    expect(scaleOf({ ...forecast([5]), unit: null })).toMatchObject({ low: 1, high: 9 });
  });

  test.each([
    [[3, 17], 0, 20],
    [[0.0012, 0.0041], 0.001, 0.005],
    [[-40, 260], -100, 300],
    [[7, 7], 6, 8],
    [[0, 0], 0, 1],
    [[1.2e9, 3.9e9], 1e9, 4e9],
  ])("holds every forecast between round numbers: %j", (values, low, high) => {
    const scale = scaleOf(forecast(values));
    expect(scale.low).toBeLessThanOrEqual(Math.min(...values));
    expect(scale.high).toBeGreaterThanOrEqual(Math.max(...values));
    expect(scale.low).toBeGreaterThanOrEqual(low - Math.abs(low) - 1);
    expect(scale.high).toBeLessThanOrEqual(high + Math.abs(high) + 1);
    expect(scale.marks.length).toBeLessThanOrEqual(12);
  });
});

test("each round's ratings stand beside its figures, in item order", () => {
  const rated = (...ratings: (number | null)[]) => ({ late: false, response: { answer: { ratings } } });
  const counted = (median: number) => ({
    metrics: {
      items: [
        { item: "a", median },
        { item: "b", median: 5 },
      ],
    },
  });
  const panel = {
    created: { options: [{ id: "a", text: "Now" }] },
    rounds: [
      { number: 1, turns: [rated(7, 3), rated(9, null)], consensus: counted(8) },
      { number: 2, turns: [rated(8, 4)], consensus: counted(8.5) },
      { number: 3, turns: [rated(8, 4)], consensus: null },
    ],
  } as unknown as PanelState;
  const [a, b] = distributionsOf(panel);
  expect(a?.name).toBe("Now");
  expect(a?.rounds.map(({ values }) => values.map(({ value }) => value))).toEqual([[7, 9], [8]]);
  expect(b?.rounds[0]?.values).toHaveLength(1);
  expect(a && movement(a)).toEqual({ from: 8, to: 8.5 });
});
