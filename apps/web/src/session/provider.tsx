"use client";

import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { SWRConfig } from "swr";
import { type Api, type Credentials, connect } from "@/api/client";
import { Problem } from "@/api/problem";
import { Brand } from "@/branding/brand";
import { text } from "@/text";
import { Shell } from "@/ui/shell";
import { Spinner } from "@/ui/states";
import { type Config, loadConfig } from "./config";
import { SignInPage } from "./sign-in-page";
import { credentialsIn, readSession, writeSession } from "./store";
import type { SignIn } from "./supabase";

export interface Session extends Credentials {
  readonly api: Api;
  readonly config: Config;
  signOut(): void;
  switchTenant(id: string): void;
}

const SessionContext = createContext<Session | null>(null);

/** The session of a page that is only shown to somebody who is signed in. */
export function useSession(): Session {
  const session = useContext(SessionContext);
  if (session === null) throw new Error("useSession outside a signed-in page");
  return session;
}

interface Start {
  readonly config: Config;
  readonly signIn: SignIn | null;
  readonly credentials: Credentials | null;
}

const NO_CONFIG: Config = { supabase: null, tenants: [], imageOrigins: [] };

/** Who is signed in when the page opens: handed over in the address, kept in the tab, or by Supabase. */
async function start(): Promise<Start> {
  const given = credentialsIn(location.hash);
  if (given !== null) {
    writeSession(given);
    history.replaceState(null, "", location.pathname + location.search);
  }
  const config = await loadConfig().catch(() => NO_CONFIG);
  const credentials = readSession();
  if (config.supabase === null) return { config, signIn: null, credentials };
  const { signInWith } = await import("./supabase");
  const signIn = signInWith(config.supabase.url, config.supabase.anonKey);
  const token = await signIn.token();
  if (token !== null && credentials !== null)
    return { config, signIn, credentials: { ...credentials, token } };
  // Handed over in the address, now or before a reload; its token speaks for itself until it expires.
  return { config, signIn, credentials };
}

export function SessionProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [started, setStarted] = useState<Start | null>(null);
  const [notice, setNotice] = useState<string | null>(null);

  useEffect(() => {
    let gone = false;
    void start().then((result) => {
      if (!gone) setStarted(result);
    });
    return () => {
      gone = true;
    };
  }, []);

  // The same link followed in an open tab changes only the fragment, and loads nothing by itself.
  useEffect(() => {
    const handedOver = (): void => {
      if (credentialsIn(location.hash) !== null) location.reload();
    };
    addEventListener("hashchange", handedOver);
    return () => removeEventListener("hashchange", handedOver);
  }, []);

  const enter = useCallback((credentials: Credentials | null) => {
    writeSession(credentials);
    setStarted((now) => now && { ...now, credentials });
  }, []);

  const signIn = started?.signIn ?? null;
  const tenant = started?.credentials?.tenant ?? null;
  useEffect(() => {
    if (signIn === null || tenant === null) return;
    return signIn.onToken((token) => {
      if (token !== null) enter({ token, tenant });
    });
  }, [signIn, tenant, enter]);

  if (started === null) return <Spinner label={text.loading} />;
  if (started.credentials === null) {
    return (
      <SignInPage
        config={started.config}
        signIn={started.signIn}
        notice={notice}
        onSignedIn={(credentials) => {
          setNotice(null);
          enter(credentials);
        }}
      />
    );
  }
  return (
    <SignedIn
      key={started.credentials.tenant}
      credentials={started.credentials}
      config={started.config}
      onLeave={(why) => {
        setNotice(why);
        enter(null);
        void signIn?.out();
      }}
      onTenant={(id) => started.credentials && enter({ ...started.credentials, tenant: id })}
    >
      {children}
    </SignedIn>
  );
}

interface SignedInProps {
  readonly credentials: Credentials;
  readonly config: Config;
  readonly children: ReactNode;
  onLeave(why: string | null): void;
  onTenant(id: string): void;
}

function SignedIn({ credentials, config, children, onLeave, onTenant }: SignedInProps): ReactNode {
  const latest = useRef({ onLeave, onTenant });
  latest.current = { onLeave, onTenant };
  const { token, tenant } = credentials;
  const session = useMemo<Session>(
    () => ({
      token,
      tenant,
      config,
      api: connect({ token, tenant }, () => latest.current.onLeave(text.signIn.expired)),
      signOut: () => latest.current.onLeave(null),
      switchTenant: (id) => latest.current.onTenant(id),
    }),
    [token, tenant, config],
  );
  return (
    <SessionContext value={session}>
      <SWRConfig
        value={{
          // One tenant's answers are never shown in another: the cache goes with the tenant.
          provider: () => new Map(),
          shouldRetryOnError: (error: unknown) =>
            error instanceof Problem && (error.status === 0 || error.status >= 500),
          errorRetryInterval: 4000,
        }}
      >
        <Brand>
          <Shell>{children}</Shell>
        </Brand>
      </SWRConfig>
    </SessionContext>
  );
}
