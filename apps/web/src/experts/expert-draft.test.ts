import { describe, expect, test } from "vitest";
import { bodyOf, draftOf, faultsOf, NEW_EXPERT, slugOf } from "./expert-draft";

const DRAFT = {
  ...NEW_EXPERT,
  id: "tax-counsel",
  name: " Ada Tax ",
  title: "tax counsel",
  domain: "law",
  tags: "vat, , vat, customs,x",
  summary: "Knows what a sale costs in tax.",
  instructions: "Judge each option by its tax in every country.",
};

describe("an expert to be published", () => {
  test.each([
    ["Dr. Zoë O'Connor", "dr-zoe-oconnor"],
    ["  3D printing  lead ", "d-printing-lead"],
    ["李", ""],
  ])("named %s is suggested the id %j", (name, id) => {
    expect(slugOf(name)).toBe(id);
  });

  test("is sent trimmed, each tag once", () => {
    expect(bodyOf(DRAFT)).toMatchObject({
      name: "Ada Tax",
      tags: ["vat", "customs"],
      temperament: "balanced",
    });
  });

  test("says every field that is too short, too long or no id", () => {
    expect(faultsOf(DRAFT)).toEqual([]);
    expect(faultsOf({ ...DRAFT, id: "Tax", summary: "short", name: "x".repeat(81) })).toEqual([
      "id",
      "name",
      "summary",
    ]);
    expect(faultsOf(NEW_EXPERT)).toEqual(["id", "name", "title", "domain", "summary", "instructions"]);
  });

  test("is edited from what the catalogue shows; a shared one's instructions are not shown", () => {
    const shown = { ...DRAFT, tags: ["vat"], version: 3, bench: false, own: true };
    expect(draftOf(shown)).toMatchObject({ id: "tax-counsel", tags: "vat", instructions: "" });
    expect(draftOf(shown, "Judge by tax.").instructions).toBe("Judge by tax.");
  });
});
