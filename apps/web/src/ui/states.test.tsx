import { renderToStaticMarkup } from "react-dom/server";
import { describe, expect, test } from "vitest";
import { Problem } from "@/api/problem";
import { moment } from "@/format";
import { Trouble } from "./states";

const told = (error: unknown): string =>
  renderToStaticMarkup(<Trouble error={error} onRetry={() => undefined} />).replace(/<[^>]*>/g, "|");

describe("trouble", () => {
  test("names what is not there, whatever it is", () => {
    const expert = told(new Problem(404, "Not Found", "There is no such expert."));
    expect(expert).toContain("There is no such expert.");
    expect(expert).not.toContain("panel");
  });

  test("counts a short wait in seconds, and names the moment a long one ends", () => {
    const limit = (seconds: number) => new Problem(429, "", "All used.", new Map(), seconds);
    expect(told(limit(120))).toContain("Try again in 120 seconds.");
    const month = limit(1_209_600);
    const end = new Date(month.at + 1_209_600_000).toISOString();
    expect(told(month)).toContain(`Try again after ${moment(end)}.`);
  });

  test("tells a silent gateway from a mistake of the page", () => {
    expect(told(new Problem(0, "unreachable", ""))).toContain("The gateway does not answer.");
    const bug = told(new TypeError("x is undefined"));
    expect(bug).not.toContain("The gateway does not answer.");
    expect(bug).toContain("TypeError: x is undefined");
    expect(bug).not.toContain("Try again");
  });
});
