import { describe, expect, test } from "vitest";
import { contrast, filled, parseHex, readable } from "./colour";

const GROUNDS = ["#ffffff", "#e6eaf3", "#262f40", "#101217"];
const COLOURS = ["#3B82F6", "#0F766E", "#facc15", "#000000", "#ffffff", "#f0a", "#12345678"];

describe("a tenant's colour", () => {
  test.each(COLOURS)("%s can be read on every ground, and as a button", (colour) => {
    for (const ground of GROUNDS) {
      const ink = parseHex(readable(colour, ground) ?? "");
      const under = parseHex(ground);
      expect(ink && under && contrast(ink, under)).toBeGreaterThanOrEqual(4.5);
    }
    const button = filled(colour);
    const [ink, fill] = [parseHex(button?.ink ?? ""), parseHex(button?.fill ?? "")];
    expect(ink && fill && contrast(ink, fill)).toBeGreaterThanOrEqual(4.5);
  });

  test("that can be read already stays as it is", () => {
    expect(readable("#0f766e", "#ffffff")).toBe("#0f766e");
  });

  test("that is none changes nothing", () => {
    for (const text of ["red", "#12", "#12345", "#1234567", "", "url(x)"]) expect(filled(text)).toBeNull();
  });
});
