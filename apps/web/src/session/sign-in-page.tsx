"use client";

import { type FormEvent, type ReactNode, useState } from "react";
import { bodyOf, type Credentials, connect, only } from "@/api/client";
import { Problem } from "@/api/problem";
import { text } from "@/text";
import { Mark } from "@/ui/mark";
import type { Config } from "./config";
import type { LoadSignIn } from "./renewal";
import { isTenantId, knownTenants, rememberTenant } from "./store";

interface Props {
  readonly config: Config;
  readonly signIn: LoadSignIn | null;
  readonly notice: string | null;
  onSignedIn(credentials: Credentials): void;
}

/** Asks who is there: by Supabase where the installation has one, else by a token of the local stack. */
export function SignInPage({ config, signIn, notice, onSignedIn }: Props): ReactNode {
  const tenants = config.tenants.length > 0 ? config.tenants : knownTenants();
  const [fields, setFields] = useState({ token: "", email: "", password: "", tenant: tenants[0]?.id ?? "" });
  const [trouble, setTrouble] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const set = (name: keyof typeof fields) => (event: { target: { value: string } }) =>
    setFields((now) => ({ ...now, [name]: event.target.value }));

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    const tenant = fields.tenant.trim();
    if (signIn === null && fields.token.trim() === "") return setTrouble(text.signIn.needToken);
    if (!isTenantId(tenant)) return setTrouble(text.signIn.badTenant);
    setBusy(true);
    setTrouble(null);
    try {
      const token =
        signIn === null
          ? fields.token.trim()
          : await (await signIn()).withPassword(fields.email, fields.password);
      const found = await bodyOf(connect(only({ token, tenant })).GET("/api/v1/tenant"));
      rememberTenant({ id: found.id, name: found.name });
      onSignedIn({ token, tenant });
    } catch (error) {
      setTrouble(reason(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <main className="sign-in">
      <section className="sign-in-about" aria-labelledby="product">
        <Mark size={44} />
        <p className="sign-in-product">{text.product}</p>
        <h1 id="product">{text.signIn.lead}</h1>
        <ul>
          {text.signIn.points.map((point) => (
            <li key={point}>{point}</li>
          ))}
        </ul>
      </section>
      <form
        className="sign-in-form card"
        onSubmit={submit}
        onFocus={() => void signIn?.().catch(() => undefined)} // told when it is submitted
        noValidate
      >
        <h2>{text.signIn.title}</h2>
        {notice !== null && <p className="note">{notice}</p>}
        {signIn === null ? (
          <>
            <label className="field">
              <span>{text.signIn.token}</span>
              <textarea
                rows={4}
                className="mono"
                value={fields.token}
                onChange={set("token")}
                spellCheck={false}
                autoComplete="off"
              />
            </label>
            <p className="hint">
              {text.signIn.tokenHelp} <code>{text.signIn.tokenCommand}</code>
            </p>
          </>
        ) : (
          <>
            <label className="field">
              <span>{text.signIn.email}</span>
              <input type="email" autoComplete="username" value={fields.email} onChange={set("email")} />
            </label>
            <label className="field">
              <span>{text.signIn.password}</span>
              <input
                type="password"
                autoComplete="current-password"
                value={fields.password}
                onChange={set("password")}
              />
            </label>
          </>
        )}
        <div className="field">
          <label htmlFor="tenant">
            {config.tenants.length > 0 ? text.account.tenant : text.signIn.tenant}
          </label>
          {config.tenants.length > 0 ? (
            <select id="tenant" value={fields.tenant} onChange={set("tenant")}>
              {config.tenants.map((tenant) => (
                <option key={tenant.id} value={tenant.id}>
                  {tenant.name}
                </option>
              ))}
            </select>
          ) : (
            <input
              id="tenant"
              className="mono"
              value={fields.tenant}
              onChange={set("tenant")}
              spellCheck={false}
              autoComplete="off"
            />
          )}
        </div>
        {config.tenants.length === 0 && <p className="hint">{text.signIn.tenantHelp}</p>}
        <p className="trouble" role="alert">
          {trouble}
        </p>
        <button type="submit" className="button primary wide" disabled={busy}>
          {busy ? text.signIn.working : text.signIn.submit}
        </button>
        <p className="hint">{text.signIn.memory}</p>
      </form>
    </main>
  );
}

function reason(error: unknown): string {
  if (!(error instanceof Problem)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return text.problems.unreachable;
  if (error.status === 401) return text.signIn.refused;
  if (error.status === 403) return text.signIn.notMember;
  return error.message;
}
