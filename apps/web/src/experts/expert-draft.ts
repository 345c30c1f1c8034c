/** A tenant's own expert before it is published. Pure. */
import type { Schemas } from "@/api/client";

export type Expert = Schemas["ExpertAnswer"];
export type Temperament = Schemas["ExpertGiven"]["temperament"] & string;

export const TEMPERAMENTS = [
  "balanced",
  "sceptic",
  "optimist",
  "pragmatist",
] as const satisfies readonly Temperament[];

export interface ExpertDraft {
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly domain: string;
  /** As typed, separated by commas. */
  readonly tags: string;
  readonly summary: string;
  readonly instructions: string;
  readonly temperament: Temperament;
}

export const NEW_EXPERT: ExpertDraft = {
  id: "",
  name: "",
  title: "",
  domain: "",
  tags: "",
  summary: "",
  instructions: "",
  temperament: "balanced",
};

/** The expert as the catalogue shows it; its instructions are told of an own expert only, and to its admins. */
export function draftOf(expert: Expert, instructions = ""): ExpertDraft {
  return {
    ...expert,
    tags: expert.tags.join(", "),
    instructions,
    temperament: TEMPERAMENTS.find((one) => one === expert.temperament) ?? "balanced",
  };
}

/** What a name suggests as an id: lower-case words joined by hyphens, as panels name experts. */
export function slugOf(name: string): string {
  return name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[\u0300-\u036f']/g, "")
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^[^a-z]+|-+$/g, "")
    .slice(0, 63);
}

/** The shortest and longest text of each field, as the gateway checks them. */
export const LENGTHS = {
  id: [2, 63],
  name: [2, 80],
  title: [2, 120],
  domain: [2, 40],
  summary: [10, 400],
  instructions: [20, 4000],
} as const;

export type Field = keyof typeof LENGTHS;

/** The fields that cannot be published yet. */
export function faultsOf(draft: ExpertDraft): readonly Field[] {
  const faulty = (Object.keys(LENGTHS) as Field[]).filter((field) => {
    const [least, most] = LENGTHS[field];
    const { length } = draft[field].trim();
    return length < least || length > most;
  });
  const slug = /^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(draft.id);
  return slug || faulty.includes("id") ? faulty : ["id", ...faulty];
}

export function bodyOf(draft: ExpertDraft): Schemas["ExpertGiven"] {
  const { name, title, domain, summary, instructions, temperament } = draft;
  const tags = draft.tags
    .split(",")
    .map((tag) => tag.trim().slice(0, 40))
    .filter((tag) => tag.length > 1);
  return {
    name: name.trim(),
    title: title.trim(),
    domain: domain.trim(),
    tags: [...new Set(tags)].slice(0, 40),
    summary: summary.trim(),
    instructions: instructions.trim(),
    temperament,
  };
}
