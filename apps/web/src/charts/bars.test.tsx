import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Bars, Columns } from "./bars";

function bars(count: number): string {
  const rows = Array.from({ length: count }, (_, place) => ({ key: `k${place}`, tokens: place, cost: null }));
  return renderToStaticMarkup(<Bars title="By expert" measure="tokens" rows={rows} />);
}

test("bars show the largest amounts, and how many more there are", () => {
  expect(bars(8)).not.toContain("more");
  expect(bars(11).match(/<li>/g)).toHaveLength(8);
  expect(bars(11)).toContain("and 3 more");
});

test("the days below the columns are short enough for a phone, and whole in the table", () => {
  const rows = ["2026-11-01", "2026-11-29"].map((key, place) => ({ key, tokens: place, cost: null }));
  const shown = renderToStaticMarkup(<Columns title="By day" label="Day" measure="tokens" rows={rows} />);
  const axis = /columns-axis.*?<\/p>/.exec(shown)?.[0].replaceAll(/<[^>]+>/g, "|") ?? "";
  expect(axis.split("|").filter(Boolean).slice(1)).toEqual(["Nov 1", "most: 1 on Nov 29", "Nov 29"]);
  expect(shown).toContain('<th scope="row">2026-11-29</th>');
});
