import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Bars } from "./bars";

function bars(count: number): string {
  const rows = Array.from({ length: count }, (_, place) => ({ key: `k${place}`, tokens: place, cost: null }));
  return renderToStaticMarkup(<Bars title="By expert" measure="tokens" rows={rows} />);
}

test("bars show the largest amounts, and how many more there are", () => {
  expect(bars(8)).not.toContain("more");
  expect(bars(11).match(/<li>/g)).toHaveLength(8);
  expect(bars(11)).toContain("and 3 more");
});
