// What a first visit has to load, and that the export asks nobody but its own origin.
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const out = path.resolve(import.meta.dirname, "../../apps/web/out");
const MOST = 200 * 1024;

for (const page of ["index.html", "new/index.html", "panel/index.html", "experts/index.html"]) {
  test(`${page} loads at most 200 kB of compressed scripts at first`, () => {
    const html = readFileSync(path.join(out, page), "utf8");
    // Browsers with modules never load what is marked noModule.
    const scripts = [...html.matchAll(/<script[^>]*\ssrc="([^"]+)"[^>]*>/g)].filter(([tag]) => !/nomodule/i.test(tag));
    const files = new Set(scripts.map(([, source]) => source.split("?")[0]));
    const bytes = [...files].reduce((sum, file) => sum + gzipSync(readFileSync(path.join(out, file))).length, 0);
    assert.ok(bytes > 0 && bytes <= MOST, `${Math.round(bytes / 1024)} kB`);
  });
}

test("no page or style names another host for something to load", () => {
  const files = readdirSync(out, { recursive: true }).filter((file) => /\.(html|css)$/.test(file));
  assert.ok(files.length > 5);
  for (const file of files) {
    const text = readFileSync(path.join(out, file), "utf8");
    const loads = text.match(/(?:src|href)="https?:[^"]*"|url\(["']?https?:[^)]*\)/g) ?? [];
    assert.deepEqual(loads, [], file);
  }
});
