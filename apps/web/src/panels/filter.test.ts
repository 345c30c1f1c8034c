import { expect, test } from "vitest";
import { filterIn, isFiltered, parametersOf, queryOf } from "./filter";

test("a filter stands in the address and comes back from it", () => {
  const address = new URLSearchParams("q=insulin&status=running&type=delphi&from=2026-01-01&to=2026-01-31");
  expect(parametersOf(filterIn(address)).toString()).toBe(address.toString());
});

test("what is no value of a filter is read as none", () => {
  const filter = filterIn(new URLSearchParams("status=lost&type=x&from=yesterday&other=1"));
  expect(isFiltered(filter)).toBe(false);
  expect(queryOf(filter)).toEqual({});
});

test("the last day is included whole", () => {
  const query = queryOf(filterIn(new URLSearchParams("from=2026-01-31&to=2026-01-31")));
  expect(Date.parse(query.created_before ?? "") - Date.parse(query.created_after ?? "")).toBe(86_400_000);
});
