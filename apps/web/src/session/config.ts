import { reach } from "@/api/client";
import { at, listOf, textOf } from "@/api/problem";
import type { KnownTenant } from "./store";

/** What the operator says about this installation (`/config.json`); everything may be absent. */
export interface Config {
  /** A local stack: it prints a link that signs in, and only there such a link is followed. */
  readonly local: boolean;
  /** Where people sign in; null: by a token from the local stack's command line. */
  readonly supabase: { readonly url: string; readonly anonKey: string } | null;
  readonly tenants: readonly KnownTenant[];
}

export async function loadConfig(): Promise<Config> {
  const response = await reach("/config.json", { cache: "no-cache" });
  const body: unknown = response.ok ? await response.json().catch(() => null) : null;
  const url = textOf(at(body, "supabase_url"));
  const anonKey = textOf(at(body, "supabase_anon_key"));
  return {
    local: at(body, "local") === true,
    supabase: url === null || anonKey === null ? null : { url, anonKey },
    tenants: listOf(at(body, "tenants")).flatMap((entry) => {
      const id = textOf(at(entry, "id"));
      return id === null ? [] : [{ id, name: textOf(at(entry, "name")) ?? id }];
    }),
  };
}
