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
import { type Access, type Api, type Credentials, connect } from "@/api/client";
import { Brand } from "@/branding/brand";
import { text } from "@/text";
import { Shell } from "@/ui/shell";
import { Spinner } from "@/ui/states";
import { type Config, loadConfig } from "./config";
import { leave } from "./leaving";
import { handingOver, OfferPage } from "./offer";
import { type LoadSignIn, renewed } from "./renewal";
import { isPassing, waitBefore } from "./retry";
import { SignInPage } from "./sign-in-page";
import {
  continued,
  credentialsIn,
  isFromSupabase,
  ownerOf,
  readSession,
  SUPABASE_SESSION,
  writeSession,
} from "./store";
import type { SignIn } from "./supabase";

export interface Session extends Credentials {
  /** The same object for as long as user and tenant are the same, whatever becomes of the token. */
  readonly access: Access;
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
  /** Handed over in the address while somebody else is signed in, who is asked first; else null. */
  readonly offered: Credentials | null;
  /** Null: this installation takes tokens only. */
  readonly signIn: LoadSignIn | null;
  readonly credentials: Credentials | null;
}

const NO_CONFIG: Config = { local: false, supabase: null, tenants: [] };

/** Who is signed in when the page opens: handed over in the address, kept in the tab, or by Supabase. */
async function start(): Promise<Start> {
  const given = credentialsIn(location.hash);
  if (given !== null) history.replaceState(null, "", location.pathname + location.search);
  const config = await loadConfig().catch(() => NO_CONFIG);
  const handing = handingOver(config.local ? given : null, readSession());
  if (handing === "take" && given !== null) take(given);
  const offered = handing === "ask" ? given : null;
  const credentials = readSession();
  const signIn = signInOf(config);
  const found = { config, offered, signIn, credentials };
  if (signIn === null || credentials === null || !isFromSupabase()) return found;
  const token = await signIn()
    .then((supabase) => supabase.token())
    .catch(() => null);
  return token === null ? found : { ...found, credentials: { ...credentials, token } };
}

/** Signs in by what a link hands over, and no longer by Supabase. */
function take(given: Credentials): void {
  writeSession(given);
  sessionStorage.removeItem(SUPABASE_SESSION);
}

function signInOf({ supabase }: Config): LoadSignIn | null {
  if (supabase === null) return null;
  let loading: Promise<SignIn> | null = null;
  return () => {
    loading ??= import("./supabase").then(({ signInWith }) => signInWith(supabase.url, supabase.anonKey));
    // A script that did not come is asked for again.
    loading.catch(() => {
      loading = null;
    });
    return loading;
  };
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

  /**
   * Whether it is a new token of who is signed in now, who then has it. Nobody is signed in again by one that comes
   * too late, or turned into another user by one of another tab: Supabase's client tells all tabs of each sign-in.
   */
  const goOn = useCallback(
    (token: string): boolean => {
      const next = continued(readSession(), token);
      if (next !== null) enter(next);
      return next !== null;
    },
    [enter],
  );

  const signIn = started?.signIn ?? null;
  const signedIn = started !== null && started.credentials !== null;
  useEffect(() => {
    if (signIn === null || !signedIn || !isFromSupabase()) return;
    let stop: (() => void) | null = null;
    let gone = false;
    const follow = (supabase: SignIn): void => {
      if (gone) return;
      stop = supabase.onToken((token) => {
        if (token !== null) goOn(token);
      });
    };
    // Without it the token holds until it runs out, and the sign-in page says so.
    void signIn().then(follow, () => undefined);
    return () => {
      gone = true;
      stop?.();
    };
  }, [signIn, signedIn, goOn]);

  if (started === null) return <Spinner label={text.loading} />;
  const { offered, credentials } = started;
  if (offered !== null && credentials !== null) {
    const decide = (chosen: Credentials): void =>
      setStarted({ ...started, offered: null, credentials: chosen });
    return (
      <OfferPage
        given={offered}
        now={credentials}
        tenants={started.config.tenants}
        onTake={() => {
          take(offered);
          decide(offered);
        }}
        onStay={() => decide(credentials)}
      />
    );
  }
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
      key={ownerOf(started.credentials)}
      credentials={started.credentials}
      config={started.config}
      renew={async (refused) => {
        const token = await renewed(signIn, refused);
        return token !== null && goOn(token) ? token : null;
      }}
      onLeave={(why) => {
        setNotice(why);
        enter(null);
        if (signIn !== null && isFromSupabase()) void leave(signIn);
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
  renew(refused: string): Promise<string | null>;
  onLeave(why: string | null): void;
  onTenant(id: string): void;
}

function SignedIn({ credentials, config, children, renew, onLeave, onTenant }: SignedInProps): ReactNode {
  const latest = useRef({ credentials, renew, onLeave, onTenant });
  latest.current = { credentials, renew, onLeave, onTenant };
  const { token, tenant } = credentials;
  const access = useMemo<Access>(
    () => ({
      credentials: () => latest.current.credentials,
      renew: (refused) => latest.current.renew(refused),
      onSignedOut: () => latest.current.onLeave(text.signIn.expired),
    }),
    [],
  );
  const api = useMemo(() => connect(access), [access]);
  const session = useMemo<Session>(
    () => ({
      token,
      tenant,
      config,
      access,
      api,
      signOut: () => latest.current.onLeave(null),
      switchTenant: (id) => latest.current.onTenant(id),
    }),
    [token, tenant, config, access, api],
  );
  return (
    <SessionContext value={session}>
      <SWRConfig
        value={{
          // What one user was told in one tenant is shown to nobody else: the cache goes with both.
          provider: () => new Map(),
          shouldRetryOnError: isPassing,
          // While an error stands nothing else is read again, and SWR's own waits grow to a quarter of an hour.
          onErrorRetry: (error, _key, _config, revalidate, { retryCount }) =>
            void setTimeout(
              () => void revalidate({ retryCount }),
              waitBefore(retryCount, error, Math.random()),
            ),
        }}
      >
        <Brand>
          <Shell>{children}</Shell>
        </Brand>
      </SWRConfig>
    </SessionContext>
  );
}
