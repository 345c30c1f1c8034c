/**
 * Bounds the parser where its time grows with the square of a text: emphasis and links in each other within one
 * paragraph (`![![![…`), and underlined headings. Each looks through, or copies, all that came before it.
 */
import { attention, labelStartImage, labelStartLink, setextUnderline } from "micromark-core-commonmark";
import type { Construct, Extension } from "micromark-util-types";

/** Events of a paragraph, or of the blocks of a text, after which such marks are not read any more: hundreds of them. */
const MOST = 2000;

const BOUNDED = [attention, labelStartImage, labelStartLink, setextUnderline];

/** In place of the parser's own: a mark beyond the bound stays the text it is. */
export const bounded: Extension = {
  disable: { null: BOUNDED.flatMap(({ name }) => name ?? []) },
  text: {
    33: early(labelStartImage), // !
    42: early(attention), // *
    91: early(labelStartLink), // [
    95: early(attention), // _
  },
  flow: {
    45: early(setextUnderline), // -
    61: early(setextUnderline), // =
  },
};

function early(construct: Construct): Construct {
  return {
    ...construct,
    name: `early ${construct.name}`,
    tokenize(effects, ok, nok) {
      return this.events.length > MOST ? nok : construct.tokenize.call(this, effects, ok, nok);
    },
  };
}
