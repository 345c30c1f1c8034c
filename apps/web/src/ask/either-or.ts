/** Whether a question asks to choose between answers, and which they are where the words leave no doubt. Pure. */

export interface Choice {
  /** The answers in the order of the question; null where they cannot be told for certain. */
  readonly answers: readonly string[] | null;
}

const LONGEST = 6;
/** "or" that names no second answer. */
const NO_CHOICE =
  /\bor (not|no|less|fewer|more|so|later|sooner|otherwise|else|anything|something|whatever)\b/i;
/** A name, or a number: what can stand for an answer without its neighbours. */
const NAME = String.raw`(?:\p{Lu}|\d)[\p{L}\d.&+#'’-]*`;
const ASKING = "which|what|who|where|when|how|should|shall|do|does|must|can|could|would|will|is|are";
/** What is half of a name: "North or South America" are not North and South America. */
const HALF =
  /^(north|south|east|west|northern|southern|eastern|western|central|new|old|upper|lower|big|small|early|late)$/i;
/** "Should we … in Germany or France (first)": not "Do we sell in …", which asks for yes or no. */
const NAMES = new RegExp(
  String.raw`(?:^|[:–—] ?)(?:[Ss]hould|[Ss]hall) (?:we|I|they|you) (?:\S+ )*?\p{Ll}+ (?:the )?(?<left>${NAME}(?: ${NAME})*) or (?:the )?(?<right>${NAME}(?: ${NAME})*)` +
    String.raw`(?:| first| next| (?:for|in|by|at|during|this|within|before|after) (?!.*\band\b).*)$`,
  "u",
);
/** "Which market first: Germany or France": the list stands behind a sign, and is no question of its own. */
const LIST = new RegExp(
  `^(?:which|what|who|where|when|how|should|shall) .*?(?:: | ?[–—] ?| - )(?! ?(?:${ASKING}|we|i|they) )(?<list>[^:–—]+)$`,
  "iu",
);
/** "Should we rent or buy (the plant)": two verbs with one subject. */
const VERBS =
  /^(?:should|shall) (?:we|i|they|you) (?<left>[a-z]+) or (?<right>[a-z]+)(?: (?:the|a|an|our|this|that|these|those|it|them)\b(?!.*\band\b).*)?$/i;

/** Null: the question asks for no choice. */
export function choiceIn(query: string): Choice | null {
  // A point ends a sentence only where another one begins: "the U.S. or Canada" is one.
  const questions = query
    .split(/(?<=[?!])\s+|(?<=\.)\s+(?=\p{Lu})|\n+/u)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.endsWith("?"));
  const asking = questions.filter((one) => /\bor\b/i.test(one) && !NO_CHOICE.test(one));
  if (asking.length === 0) return questions.some((one) => /^which\b/i.test(one)) ? { answers: null } : null;
  const [only] = asking;
  const certain = questions.length === 1 && only !== undefined;
  return { answers: certain ? answersIn(only.replace(/[?\s]+$/, "")) : null };
}

function answersIn(question: string): readonly string[] | null {
  const listed =
    LIST.exec(question)?.groups?.["list"] ??
    /^(?:which|who|what)\b[^,]*\b(?:better|best|first|preferable|cheaper|safer|faster)\b[^,]*, (?<list>[^,]+)$/i.exec(
      question,
    )?.groups?.["list"];
  if (listed !== undefined) return told(listOf(listed));
  if ((question.match(/\bor\b/gi) ?? []).length !== 1) return null;
  const verbs = VERBS.exec(question)?.groups;
  if (verbs) return told([verbs["left"] ?? "", verbs["right"] ?? ""]);
  const names = NAMES.exec(question)?.groups;
  const [left, right] = [names?.["left"] ?? "", names?.["right"] ?? ""];
  // Names of unequal length may share a part: "Google or Amazon Web Services" is told, "East or West Africa" is not.
  if (left.split(" ").length !== right.split(" ").length) return null;
  return told([left, right]);
}

/** "A or B", "A, B or C"; nothing where a comma also stands behind the "or". */
function listOf(words: string): readonly string[] {
  const [before, last, ...more] = words.split(/,? or /i);
  if (before === undefined || last === undefined || more.length > 0 || last.includes(",")) return [];
  return [...before.replace(/^either /i, "").split(","), last];
}

function told(answers: readonly string[]): readonly string[] | null {
  const clean = answers.map((one) => one.trim()).map((one) => one.slice(0, 1).toUpperCase() + one.slice(1));
  const fits = (one: string): boolean =>
    one !== "" && one.split(" ").length <= LONGEST && !/[();"“”]|\band\b/i.test(one) && !HALF.test(one);
  const different = new Set(clean.map((one) => one.toLowerCase())).size === clean.length;
  return clean.length >= 2 && different && clean.every(fits) ? clean : null;
}
