/** Which panels are listed, as it stands in the address. Pure. */
import type { paths } from "@/api/schema";

type Query = NonNullable<paths["/api/v1/panels"]["get"]["parameters"]["query"]>;
type Status = NonNullable<Query["status"]>;
type PanelType = NonNullable<Query["panel_type"]>;

export const STATUSES = ["created", "running", "completed", "failed"] as const satisfies readonly Status[];
export const PANEL_TYPES = [
  "structured",
  "open",
  "socratic",
  "adversarial",
  "delphi",
  "hybrid",
] as const satisfies readonly PanelType[];

/** Empty: any. `from` and `to` are local days (`2026-11-22`), both included. */
export interface Filter {
  readonly q: string;
  readonly status: Status | "";
  readonly type: PanelType | "";
  readonly from: string;
  readonly to: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** What is not a value of a filter is read as none. */
export function filterIn(parameters: Pick<URLSearchParams, "get">): Filter {
  const day = (name: string): string =>
    DAY.test(parameters.get(name) ?? "") ? (parameters.get(name) ?? "") : "";
  return {
    q: (parameters.get("q") ?? "").slice(0, 200),
    status: STATUSES.find((status) => status === parameters.get("status")) ?? "",
    type: PANEL_TYPES.find((type) => type === parameters.get("type")) ?? "",
    from: day("from"),
    to: day("to"),
  };
}

export function isFiltered(filter: Filter): boolean {
  return Object.values(filter).some((value) => value !== "");
}

export function parametersOf(filter: Filter): URLSearchParams {
  return new URLSearchParams(Object.entries(filter).filter(([, value]) => value !== ""));
}

export function addressOf(filter: Filter): string {
  const parameters = parametersOf(filter).toString();
  return parameters === "" ? "/" : `/?${parameters}`;
}

/** What is wanted, and the addresses that say so and are still on their way: the page's own follows later. */
export interface Course {
  readonly wanted: Filter;
  readonly sent: readonly string[];
}

/** A change on top of what is wanted, which the address may not show yet. */
export function steered({ wanted, sent }: Course, change: Partial<Filter>): Course {
  const next = { ...wanted, ...change };
  const address = addressOf(next);
  return address === addressOf(wanted) ? { wanted, sent } : { wanted: next, sent: [...sent, address] };
}

/** The page's address has become that of `filter`: one that was sent changes nothing, another is a new wish. */
export function arrived({ wanted, sent }: Course, filter: Filter): Course {
  const place = sent.indexOf(addressOf(filter));
  return place < 0 ? { wanted: filter, sent: [] } : { wanted, sent: sent.slice(place + 1) };
}

/** The filter as the API takes it: the day `to` ends when the next one begins. */
export function queryOf(filter: Filter): Query {
  return {
    ...(filter.q.trim() && { q: filter.q.trim() }),
    ...(filter.status && { status: filter.status }),
    ...(filter.type && { panel_type: filter.type }),
    ...(filter.from && { created_after: new Date(`${filter.from}T00:00:00`).toISOString() }),
    ...(filter.to && { created_before: nextDay(filter.to) }),
  };
}

function nextDay(day: string): string {
  const next = new Date(`${day}T00:00:00`);
  next.setDate(next.getDate() + 1);
  return next.toISOString();
}
