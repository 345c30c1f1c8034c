import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const styles = (name: string): string => readFileSync(path.join(import.meta.dirname, name), "utf8");

function colours(rules: string, selector: RegExp): string[] {
  const block = rules.match(new RegExp(`${selector.source} \\{([^}]*)\\}`))?.[1] ?? "";
  return [...block.matchAll(/(--[\w-]+): #/g)].flatMap(([, name]) => name ?? []);
}

test("what the dark theme recolours, paper colours back", () => {
  const dark = colours(styles("tokens.css"), /:root\[data-theme="dark"\]/);
  const paper = colours(styles("print.css"), /:root,\s+:root\[data-theme="dark"\]/);
  expect(dark.length).toBeGreaterThan(10);
  expect(dark.filter((name) => !paper.includes(name))).toEqual([]);
});
