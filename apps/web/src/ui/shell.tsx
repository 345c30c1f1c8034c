"use client";

import Link from "next/link";
import { usePathname } from "next/navigation";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useTenant } from "@/branding/brand";
import { logoFrom } from "@/branding/logo";
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
            <Logo />
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

function Logo(): ReactNode {
  const { config } = useSession();
  const { branding } = useTenant();
  const [broken, setBroken] = useState(false);
  const url = logoFrom(branding.logo_url, config.imageOrigins);
  if (url === null || broken) return <Mark />;
  // biome-ignore lint/performance/noImgElement: a static export has no image server
  return <img className="mark" src={url} alt="" width={28} height={28} onError={() => setBroken(true)} />;
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
          <label className="field">
            <span>{text.account.tenant}</span>
            <select value={tenant.id} onChange={(event) => switchTenant(event.target.value)}>
              {tenants.map((known) => (
                <option key={known.id} value={known.id}>
                  {known.name}
                </option>
              ))}
            </select>
          </label>
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
