"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTenant } from "@/branding/brand";
import { useSession } from "@/session/provider";
import { isTenantId, knownTenants, subjectOf } from "@/session/store";
import { text } from "@/text";
import { useClosing } from "./closing";
import { Mark } from "./mark";

const PLACES = [
  { href: "/", name: text.nav.panels },
  { href: "/new/", name: text.nav.ask },
  { href: "/experts/", name: text.nav.experts },
] as const;

/** What stands around every signed-in page. */
export function Shell({ children }: { readonly children: ReactNode }): ReactNode {
  const path = usePathname();
  const { token } = useSession();
  const tenant = useTenant();
  return (
    <>
      <a className="skip" href="#content">
        {text.skip}
      </a>
      <header className="top">
        <div className="top-inner">
          <Link href="/" className="brand" aria-label={`${tenant.name}, ${text.nav.panels}`}>
            <Mark />
            <span>{tenant.name}</span>
          </Link>
          <nav aria-label={text.nav.label}>
            {PLACES.map(({ href, name }) => (
              <Link key={href} href={href} aria-current={path === href ? "page" : undefined}>
                {name}
              </Link>
            ))}
          </nav>
          <div className="top-end">
            <Account email={subjectOf(token).email} />
          </div>
        </div>
      </header>
      {children}
    </>
  );
}

type Theme = "auto" | "light" | "dark";

function ThemeChoice(): ReactNode {
  const [theme, setTheme] = useState<Theme>("auto");
  useEffect(() => {
    const stored = localStorage.getItem("askpanel.theme");
    if (stored === "light" || stored === "dark") setTheme(stored);
  }, []);
  return (
    <label className="field">
      <span>{text.theme.label}</span>
      <select
        value={theme}
        onChange={(event) => {
          const chosen = event.target.value as Theme;
          localStorage.setItem("askpanel.theme", chosen);
          setTheme(chosen);
          dispatchEvent(new Event("askpanel:theme")); // public/theme.js shows it
        }}
      >
        <option value="auto">{text.theme.auto}</option>
        <option value="light">{text.theme.light}</option>
        <option value="dark">{text.theme.dark}</option>
      </select>
    </label>
  );
}

function Account({ email }: { readonly email: string | null }): ReactNode {
  const { signOut, switchTenant, config } = useSession();
  const tenant = useTenant();
  const box = useRef<HTMLDetailsElement>(null);
  useClosing(box);
  const [chosen, setChosen] = useState(tenant.id);
  const [other, setOther] = useState("");
  const known = knownTenants().filter(({ id }) => id !== tenant.id);
  const tenants =
    config.tenants.length > 0 ? config.tenants : [{ id: tenant.id, name: tenant.name }, ...known];

  return (
    <details className="account" ref={box}>
      <summary aria-label={text.account.label}>
        <span className="avatar" aria-hidden="true">
          {(email ?? tenant.name).slice(0, 1).toUpperCase()}
        </span>
      </summary>
      <div className="menu">
        {email !== null && <p className="menu-title">{email}</p>}
        <p className="hint">{text.account.role(tenant.role)}</p>
        {tenants.length > 1 && (
          <form
            className="field"
            onSubmit={(event) => {
              event.preventDefault();
              switchTenant(chosen);
            }}
          >
            <label htmlFor="switch-tenant">{text.account.tenant}</label>
            <div className="menu-row">
              {/* Only chosen here: a key that moves through the list must not change the page. */}
              <select id="switch-tenant" value={chosen} onChange={(event) => setChosen(event.target.value)}>
                {tenants.map((known) => (
                  <option key={known.id} value={known.id}>
                    {known.name}
                  </option>
                ))}
              </select>
              <button type="submit" className="button small" disabled={chosen === tenant.id}>
                {text.account.switchTo}
              </button>
            </div>
          </form>
        )}
        {config.tenants.length === 0 && (
          <form
            className="menu-row"
            onSubmit={(event) => {
              event.preventDefault();
              if (isTenantId(other)) switchTenant(other.trim());
            }}
          >
            <input
              className="mono"
              aria-label={text.account.tenantId}
              placeholder={text.account.otherTenant}
              value={other}
              onChange={(event) => setOther(event.target.value)}
            />
            <button type="submit" className="button small" disabled={!isTenantId(other)}>
              {text.account.switchTo}
            </button>
          </form>
        )}
        <ThemeChoice />
        <button type="button" className="button wide" onClick={signOut}>
          {text.account.signOut}
        </button>
      </div>
    </details>
  );
}
