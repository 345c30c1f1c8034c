import { describe, expect, test } from "vitest";
import { money } from "./format";

describe("money", () => {
  test("keeps the digits that tell a small amount from nothing", () => {
    expect(money(0)).toBe("$0.00");
    expect(money("1.234")).toBe("$1.23");
    expect(money(0.0123)).toBe("$0.012");
    expect(money(0.00012)).toBe("$0.00012");
  });

  test("never shows as nothing what is something", () => {
    expect(money(0.00001)).toBe("$0.00001");
    expect(money("0.0000099")).toBe("< $0.00001");
    expect(money(1e-9)).toBe("< $0.00001");
  });
});
