import { expect, test } from "vitest";
import { arrived, filterIn, isFiltered, parametersOf, queryOf, steered } from "./filter";

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

const NONE = filterIn(new URLSearchParams());

test("what is chosen while the address still follows is kept, and nothing before it is undone", () => {
  const typed = steered({ wanted: NONE, sent: [] }, { q: "abc" });
  const both = steered(typed, { status: "running" });
  const more = steered(both, { q: "abcd" });
  // The address of the first wish comes after the last one was made.
  const late = arrived(more, typed.wanted);
  expect(late.wanted).toEqual({ ...NONE, q: "abcd", status: "running" });
  expect(arrived(late, more.wanted)).toEqual({ wanted: late.wanted, sent: [] });
});

test("an address that nobody sent is what is wanted from then on", () => {
  const there = filterIn(new URLSearchParams("q=insulin"));
  expect(arrived(steered({ wanted: NONE, sent: [] }, { q: "abc" }), there)).toEqual({
    wanted: there,
    sent: [],
  });
});

test("what is wanted already is not sent again", () => {
  expect(steered({ wanted: NONE, sent: [] }, { q: "" })).toEqual({ wanted: NONE, sent: [] });
});
