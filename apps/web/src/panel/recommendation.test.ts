import { expect, test } from "vitest";
import { withoutNotes } from "./recommendation";

const NOTES = ["Ada did not answer in round 1.", "The judge's part of round 2 is missing."];

test("a recommendation is read without the list that stands above it", () => {
  const text = "Degraded: Ada did not answer in round 1; The judge's part of round 2 is missing. Go on.";
  expect(withoutNotes(text, NOTES)).toBe("Go on.");
});

test("a recommendation that lists something else, or nothing, stays whole", () => {
  expect(withoutNotes("Degraded: something else. Go on.", NOTES)).toBe("Degraded: something else. Go on.");
  expect(withoutNotes("Go on.", [])).toBe("Go on.");
});
