/**
 * Why a request failed, as the gateway says it (RFC 9457), or that it was not reached at all.
 * `status` 0: no answer came. `fields` are the complaints by JSON pointer (`/query`, `/agents/2`).
 */
export class Problem extends Error {
  override readonly name = "Problem";
  /** When it was told, in milliseconds since 1970: `retryAfter` counts from here. */
  readonly at = Date.now();

  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly fields: ReadonlyMap<string, string> = new Map(),
    readonly retryAfter: number | null = null,
    readonly traceId: string | null = null,
  ) {
    super(detail || title);
  }
}

/** The problem an answer describes; an answer of another kind (a proxy's page) is told by its status. */
export async function problemOf(response: Response): Promise<Problem> {
  const wait = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return problemIn(
    await response.json().catch(() => null),
    response.status,
    Number.isFinite(wait) ? wait : null,
    response.statusText,
  );
}

/** The problem a JSON body describes. */
export function problemIn(body: unknown, status: number, retryAfter: number | null, title = ""): Problem {
  const fields = new Map<string, string>();
  for (const entry of listOf(at(body, "errors"))) {
    const pointer = at(entry, "pointer");
    const detail = at(entry, "detail");
    if (typeof pointer === "string" && typeof detail === "string") fields.set(pointer, detail);
  }
  return new Problem(
    status,
    textOf(at(body, "title")) ?? (title || `HTTP ${status}`),
    textOf(at(body, "detail")) ?? "",
    fields,
    retryAfter,
    textOf(at(body, "trace_id")),
  );
}

/** The member of a JSON object, undefined where there is none. */
export function at(value: unknown, key: string): unknown {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** A JSON array, empty for anything else. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A JSON string, null for anything else. */
export function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** A finite JSON number, null for anything else. */
export function numberOf(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}
