import { expect, test } from "vitest";
import { logoFrom } from "./logo";

test("a logo is shown from the origins that are named, and a broken address from nowhere", () => {
  const origins = ["https://img.example", "nonsense"];
  expect(logoFrom("https://img.example/a.png", origins)).toBe("https://img.example/a.png");
  expect(logoFrom("https://other.example/a.png", origins)).toBeNull();
  for (const broken of ["https://", "https://[", "", null]) expect(logoFrom(broken, origins)).toBeNull();
});
