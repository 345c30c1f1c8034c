import { reach } from "@/api/client";
import { at, listOf, textOf } from "@/api/problem";
import type { KnownTenant } from "./store";

/** What the operator says about this installation (`/config.json`); everything may be absent. */
export interface Config {
  /** Where people sign in; null: a local stack, whose tokens come from its command line. */
  readonly supabase: { readonly url: string; readonly anonKey: string } | null;
  readonly tenants: readonly KnownTenant[];
  /** Origins from which logos may be shown; the gateway's Content-Security-Policy must name them too. */
  readonly imageOrigins: readonly string[];
}

export async function loadConfig(): Promise<Config> {
  const response = await reach("/config.json", { cache: "no-cache" });
  const body: unknown = response.ok ? await response.json().catch(() => null) : null;
  const url = textOf(at(body, "supabase_url"));
  const anonKey = textOf(at(body, "supabase_anon_key"));
  return {
    supabase: url === null || anonKey === null ? null : { url, anonKey },
    tenants: listOf(at(body, "tenants")).flatMap((entry) => {
      const id = textOf(at(entry, "id"));
      return id === null ? [] : [{ id, name: textOf(at(entry, "name")) ?? id }];
    }),
    imageOrigins: listOf(at(body, "image_origins")).flatMap((origin) => textOf(origin) ?? []),
  };
}
