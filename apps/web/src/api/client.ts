import createClient, { type Client } from "openapi-fetch";
import { Problem, problemOf } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** Who asks: an access token, and the tenant in which it acts. */
export interface Credentials {
  readonly token: string;
  readonly tenant: string;
}

export function headersOf(credentials: Credentials): Record<string, string> {
  return { Authorization: `Bearer ${credentials.token}`, "X-Tenant-ID": credentials.tenant };
}

export type Api = Client<paths>;

/** The REST interface, typed by the gateway's own description. Every call rejects with `Problem`. */
export function connect(credentials: Credentials, onSignedOut: () => void): Api {
  const client = createClient<paths>({ baseUrl: "", headers: headersOf(credentials) });
  client.use({
    async onResponse({ response }) {
      if (response.ok || response.status === 304) return;
      if (response.status === 401) onSignedOut();
      throw await problemOf(response);
    },
    onError({ error }) {
      if (error instanceof Problem || isAbort(error)) return;
      return new Problem(0, "unreachable", "");
    },
  });
  return client;
}

/** `fetch` for what has no type: where no answer comes it rejects with `Problem`, too. */
export async function reach(address: string, how?: RequestInit): Promise<Response> {
  try {
    return await fetch(address, how);
  } catch (error) {
    throw isAbort(error) ? error : new Problem(0, "unreachable", "");
  }
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

/** The body of an answer that has one. */
export async function bodyOf<T>(call: Promise<{ data?: T }>): Promise<T> {
  const { data } = await call;
  if (data === undefined) throw new Problem(0, "empty", "");
  return data;
}
