import createClient, { type Client } from "openapi-fetch";
import { text } from "@/text";
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

/** The session as requests see it: whose token they carry, and what is done when it is refused. */
export interface Access {
  credentials(): Credentials;
  /** Another token in place of the refused one; null: there is none, and the session is over. */
  renew(refused: string): Promise<string | null>;
  onSignedOut(): void;
}

/** These credentials as they are: nothing renews them, and nobody is signed out. */
export function only(credentials: Credentials): Access {
  return {
    credentials: () => credentials,
    renew: () => Promise.resolve(null),
    onSignedOut: () => undefined,
  };
}

/**
 * The answer of `send`, which is tried once more where its token has run out and there is a new one. Rejects with
 * `Problem` where none came.
 */
export async function authorized(
  access: Access,
  send: (headers: Record<string, string>) => Promise<Response>,
): Promise<Response> {
  const credentials = access.credentials();
  const answer = async (token: string): Promise<Response> => {
    try {
      return await send(headersOf({ ...credentials, token }));
    } catch (error) {
      throw isAbort(error) ? error : new Problem(0, "unreachable", "");
    }
  };
  let response = await answer(credentials.token);
  if (response.status !== 401) return response;
  const token = await access.renew(credentials.token);
  if (token !== null) response = await answer(token);
  if (response.status === 401) access.onSignedOut();
  return response;
}

export type Api = Client<paths>;

/** The REST interface, typed by the gateway's own description. Every call rejects with `Problem`. */
export function connect(access: Access): Api {
  const client = createClient<paths>({
    baseUrl: "",
    fetch: (request) =>
      authorized(access, (headers) => {
        const sent = request.clone();
        for (const [name, value] of Object.entries(headers)) sent.headers.set(name, value);
        return fetch(sent);
      }),
  });
  client.use({
    async onResponse({ response }) {
      if (response.ok || response.status === 304) return;
      throw await problemOf(response);
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

/**
 * Rejects with a `Problem` that passes where the tables do not show the log up to the `X-Min-Sequence` of the request.
 */
export function upToDate(response: Response): void {
  if (response.headers.get("X-Min-Sequence-Reached") === "false")
    throw new Problem(503, "behind", text.problems.behind, new Map(), 1);
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
