import { describe, expect, test } from "vitest";
import { choiceIn } from "./either-or";

describe("the answers of a question", () => {
  test.each([
    ["Should we launch in Germany or France first?", ["Germany", "France"]],
    ["We make insulin pens. Should we launch in Germany or France?", ["Germany", "France"]],
    ["Should we launch in the US or the EU in 2027?", ["US", "EU"]],
    ["Should we launch in the U.S. or Canada?", ["U.S.", "Canada"]],
    ["Should we write the service in Python or Rust?", ["Python", "Rust"]],
    ["Should we open in New York or San Diego next?", ["New York", "San Diego"]],
    ["Our plan: should we launch in Germany or France?", ["Germany", "France"]],
    ["Should we rent or buy?", ["Rent", "Buy"]],
    ["Should we repair or replace the boiler?", ["Repair", "Replace"]],
    ["Which market first: Germany or France?", ["Germany", "France"]],
    ["Where do we go first: Germany, France or Italy?", ["Germany", "France", "Italy"]],
    ["What do we do with the plant – close it or sell it?", ["Close it", "Sell it"]],
    ["Which is better, a price cap or a rebate?", ["A price cap", "A rebate"]],
  ])("are told where there is no doubt: %s", (query, answers) => {
    expect(choiceIn(query)?.answers).toEqual(answers);
  });

  test.each([
    "Should we launch in North or South America?", // half a name
    "Should we launch in East or West Africa?",
    "Should we use Azure or Google Cloud?", // names of unequal length
    "Should we buy a German or French machine?", // what is chosen is the machine
    "Should Anna or Ben lead the team?", // who does what is not for us to cut
    "Should we launch in Germany, France or Italy?", // a list without a sign where it begins
    "Should we launch in Germany or France and Italy?",
    "Should we launch in Germany or France for adults and children?",
    "What we ask: should we launch the pens or the pumps?",
    "What we ask – should we launch the pens or the pumps?",
    "Should we meet at 10:30 or 11:00 on Monday and Friday?",
    "Should we launch in Germany – our largest market – or France?",
    "Do we have customers in Germany or France?", // yes or no
    "Can we launch in Germany or France?",
    "Will sales in Germany or France in 2027 exceed a million?",
    "Should prices in Germany or France in 2027 be raised?",
    "Should we go or stay and fight?",
    "Should we stop quickly or slowly?",
    "Should we launch in Germany or France or Italy?",
    "Should we launch in Germany or France? Or in Italy?",
    "Should we launch in Germany or France? When?",
    "Which first: Germany or France, given the costs?",
    "Which first: Germany or Germany?",
    "Which one: the long way over the mountains with the old truck or the train?",
    "Which of our three markets comes first?",
  ])("are not guessed: %s", (query) => {
    expect(choiceIn(query)).toEqual({ answers: null });
  });

  test.each([
    "Should we launch the new insulin in Brazil before the EU?",
    "Should we launch in Brazil or not?",
    "Should we hire five or more people?",
    "We may go to Germany or France. Is that wise?",
    "Germany or France",
    "How many orders do we expect?",
    "",
  ])("are not looked for where nothing is to be chosen: %s", (query) => {
    expect(choiceIn(query)).toBeNull();
  });
});
