"use client";

import { createContext, type ReactNode, useContext, useEffect } from "react";
import useSWR from "swr";
import { bodyOf, type Schemas } from "@/api/client";
import { Problem } from "@/api/problem";
import { useSession } from "@/session/provider";
import { knownTenants, rememberTenant } from "@/session/store";
import { text } from "@/text";
import { Spinner, Trouble } from "@/ui/states";
import { filled, readable } from "./colour";

export type Tenant = Schemas["TenantView"];

const TenantContext = createContext<Tenant | null>(null);

export function useTenant(): Tenant {
  const tenant = useContext(TenantContext);
  if (tenant === null) throw new Error("useTenant outside a signed-in page");
  return tenant;
}

/** The tenant's colour for text on the page's light and dark ground, set where the style sheet reads it. */
export function Brand({ children }: { readonly children: ReactNode }): ReactNode {
  const { api, tenant, signOut, switchTenant } = useSession();
  const { data, error, mutate } = useSWR<Tenant, unknown>("tenant", () => bodyOf(api.GET("/api/v1/tenant")));

  useEffect(() => {
    if (data === undefined) return;
    rememberTenant({ id: data.id, name: data.name });
    const { style } = document.documentElement;
    const { primary_color: colour, font_family: font } = data.branding;
    const set = (name: string, value: string | null): void => {
      if (value !== null) style.setProperty(name, value);
    };
    const button = filled(colour);
    set("--brand-fill", button?.fill ?? null);
    set("--brand-on-fill", button?.ink ?? null);
    // The grounds are those of a chip tinted with the colour itself, the hardest to read on.
    set("--brand-light", readable(colour, "#e6eaf3"));
    set("--brand-dark", readable(colour, "#262f40"));
    style.setProperty("--font-tenant", font.replaceAll(/[^A-Za-z0-9 ,-]/g, ""));
  }, [data]);

  if (data === undefined) {
    if (error === undefined) return <Spinner label={text.loading} />;
    const refused = error instanceof Problem && error.status === 403;
    const before = refused ? knownTenants().find(({ id }) => id !== tenant) : undefined;
    return (
      <main className="page narrow">
        <h1 className="unseen">{text.product}</h1>
        <Trouble error={error} onRetry={() => void mutate()} />
        {refused && (
          <div className="buttons">
            {before !== undefined && (
              <button type="button" className="button primary" onClick={() => switchTenant(before.id)}>
                {text.account.backTo(before.name)}
              </button>
            )}
            <button type="button" className="button" onClick={signOut}>
              {text.account.signOut}
            </button>
          </div>
        )}
      </main>
    );
  }
  return <TenantContext value={data}>{children}</TenantContext>;
}
