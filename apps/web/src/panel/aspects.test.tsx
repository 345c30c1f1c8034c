import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { Matrix } from "./aspects";
import { EMPTY } from "./fold";

test("the matrix says that rows were left out, and else nothing of the kind", () => {
  const shown = (rowsLeftOut: boolean): string =>
    renderToStaticMarkup(<Matrix panel={EMPTY} aspects={[]} rowsLeftOut={rowsLeftOut} />);
  expect(shown(true)).toContain("Incomplete: ");
  expect(shown(false)).not.toContain("Incomplete: ");
});
