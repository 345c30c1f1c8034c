/**
 * Who is signed in, in this tab only: sessionStorage, because a token that outlives its tab is one more to
 * steal. Names of tenants used before are no secret and are remembered for the switcher.
 */
import type { Credentials } from "@/api/client";
import { at, listOf, textOf } from "@/api/problem";

const SESSION = "askpanel.session";
const TENANTS = "askpanel.tenants";

export interface KnownTenant {
  readonly id: string;
  readonly name: string;
}

export function readSession(): Credentials | null {
  const stored = parsed(sessionStorage.getItem(SESSION));
  const token = textOf(at(stored, "token"));
  const tenant = textOf(at(stored, "tenant"));
  return token === null || tenant === null ? null : { token, tenant };
}

export function writeSession(credentials: Credentials | null): void {
  if (credentials === null) sessionStorage.removeItem(SESSION);
  else sessionStorage.setItem(SESSION, JSON.stringify(credentials));
}

export function knownTenants(): readonly KnownTenant[] {
  return listOf(parsed(localStorage.getItem(TENANTS))).flatMap((entry) => {
    const id = textOf(at(entry, "id"));
    const name = textOf(at(entry, "name"));
    return id === null || name === null ? [] : [{ id, name }];
  });
}

export function rememberTenant(tenant: KnownTenant): void {
  const others = knownTenants().filter((known) => known.id !== tenant.id);
  localStorage.setItem(TENANTS, JSON.stringify([tenant, ...others].slice(0, 10)));
}

/** A token and tenant handed over once in the address (`#token=…&tenant=…`), which never reaches a server. */
export function credentialsIn(fragment: string): Credentials | null {
  const parameters = new URLSearchParams(fragment.replace(/^#/, ""));
  const token = parameters.get("token");
  const tenant = parameters.get("tenant");
  return token && tenant && isTenantId(tenant) ? { token, tenant } : null;
}

export function isTenantId(value: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value.trim());
}

/** What a token says of its user, for showing only: whether it is true is the gateway's to check. */
export function subjectOf(token: string): { readonly id: string | null; readonly email: string | null } {
  try {
    const payload = token.split(".")[1] ?? "";
    const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (c) =>
      c.charCodeAt(0),
    );
    const claims: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return { id: textOf(at(claims, "sub")), email: textOf(at(claims, "email")) };
  } catch {
    return { id: null, email: null }; // not a JWT: the gateway will say so
  }
}

/** Whose something is that this browser keeps: the next user of it is another. */
export function ownerOf({ token, tenant }: Credentials): string {
  return `${tenant}.${subjectOf(token).id ?? ""}`;
}

/** The session with a new token of its own user; null: nobody is signed in, or the token is somebody else's. */
export function continued(now: Credentials | null, token: string): Credentials | null {
  if (now === null || subjectOf(now.token).id !== subjectOf(token).id) return null;
  return { ...now, token };
}

function parsed(stored: string | null): unknown {
  try {
    return stored === null ? null : JSON.parse(stored);
  } catch {
    return null; // written by something else: as if it were not there
  }
}

/** Where Supabase keeps its session in this tab. */
export const SUPABASE_SESSION = "askpanel.supabase";

/** Whether this tab signed in by Supabase, and not by a token that was handed over. */
export function isFromSupabase(): boolean {
  return sessionStorage.getItem(SUPABASE_SESSION) !== null;
}
