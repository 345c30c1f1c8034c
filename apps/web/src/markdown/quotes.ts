/** Finds the quotes of a result in the answer they were taken from. Pure. */
import type { Parents, Root, Text } from "mdast";

/**
 * The tree with the words of `quotes` marked (`data.marked`). White space does not count, and a quote may
 * run through emphasis and links. A quote that is not in the text marks nothing.
 */
export function markQuotes(root: Root, quotes: readonly string[]): Root {
  const copy = structuredClone(root);
  const leaves = textsIn(copy);
  const { letters, origin } = flattened(leaves.map((leaf) => leaf.node.value));
  const marked = leaves.map((leaf) => new Array<boolean>(leaf.node.value.length).fill(false));
  for (const quote of quotes) {
    const wanted = squeezed(quote);
    if (wanted.length < 3) continue;
    for (let from = letters.indexOf(wanted); from >= 0; from = letters.indexOf(wanted, from + 1)) {
      for (const [leaf, place] of origin.slice(from, from + wanted.length)) {
        const places = marked[leaf];
        if (places) places[place] = true;
      }
    }
  }
  for (const [number, leaf] of leaves.entries()) split(leaf, marked[number] ?? []);
  return copy;
}

interface Leaf {
  readonly node: Text;
  readonly parent: Parents;
}

function textsIn(parent: Parents): Leaf[] {
  return parent.children.flatMap((node) => {
    if (node.type === "text") return [{ node, parent }];
    return "children" in node ? textsIn(node) : [];
  });
}

function squeezed(text: string): string {
  return text.toLowerCase().replace(/\s+/g, "");
}

/** All letters that count, one after the other, each with its leaf and its place in that leaf. */
function flattened(values: readonly string[]): { letters: string; origin: (readonly [number, number])[] } {
  let letters = "";
  const origin: (readonly [number, number])[] = [];
  for (const [leaf, value] of values.entries()) {
    for (let place = 0; place < value.length; place += 1) {
      const letter = squeezed(value.charAt(place));
      letters += letter;
      for (let n = 0; n < letter.length; n += 1) origin.push([leaf, place]);
    }
  }
  return { letters, origin };
}

/** Replaces the leaf by its marked and unmarked runs; white space between marked letters is marked too. */
function split({ node, parent }: Leaf, marked: readonly boolean[]): void {
  if (!marked.includes(true)) return;
  const runs: Text[] = [];
  let inside = false;
  for (let place = 0; place < node.value.length; place += 1) {
    const letter = node.value.charAt(place);
    const now: boolean =
      letter.trim() === ""
        ? inside && marked[nextLetter(node.value, place)] === true
        : marked[place] === true;
    const run = runs.at(-1);
    if (run === undefined || now !== inside)
      runs.push(now ? { type: "text", value: letter, data: MARKED } : { type: "text", value: letter });
    else run.value += letter;
    inside = now;
  }
  const siblings = parent.children as Text[];
  siblings.splice(siblings.indexOf(node), 1, ...runs);
}

const MARKED = { marked: true } as Text["data"] & object;

function nextLetter(value: string, from: number): number {
  let place = from;
  while (place < value.length && value.charAt(place).trim() === "") place += 1;
  return place;
}
