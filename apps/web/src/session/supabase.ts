import { createClient, isAuthRetryableFetchError, type SupabaseClient } from "@supabase/supabase-js";
import { Problem } from "@/api/problem";
import { SUPABASE_SESSION } from "./store";

/** Supabase's sign-in, loaded once somebody signs in with it. Its session lives as long as the tab. */
export interface SignIn {
  /**
   * The current access token, refreshed where it has run out; null: nobody is signed in. Rejects where that
   * cannot be told, because Supabase does not answer.
   */
  token(): Promise<string | null>;
  /** A new access token, also where the current one has not run out by this machine's clock. */
  refreshed(): Promise<string | null>;
  /** Rejects with the reason as Supabase words it. */
  withPassword(email: string, password: string): Promise<string>;
  onToken(change: (token: string | null) => void): () => void;
  /** Ends the session there; where that is not reached its client keeps it (see `leave`). */
  out(): Promise<void>;
}

export function signInWith(url: string, anonKey: string): SignIn {
  const client: SupabaseClient = createClient(url, anonKey, {
    auth: {
      storage: sessionStorage,
      storageKey: SUPABASE_SESSION,
      persistSession: true,
      autoRefreshToken: true,
    },
  });
  return {
    async token() {
      return tokenOf(await client.auth.getSession());
    },
    async refreshed() {
      return tokenOf(await client.auth.refreshSession());
    },
    async withPassword(email, password) {
      const { data, error } = await client.auth.signInWithPassword({ email, password });
      if (error) throw error;
      return data.session.access_token;
    },
    onToken(change) {
      const { data } = client.auth.onAuthStateChange((_event, session) =>
        change(session?.access_token ?? null),
      );
      return () => data.subscription.unsubscribe();
    },
    async out() {
      await client.auth.signOut({ scope: "local" });
    },
  };
}

function tokenOf(answer: {
  readonly data: { readonly session: { readonly access_token: string } | null };
  readonly error: unknown;
}): string | null {
  if (isAuthRetryableFetchError(answer.error)) throw new Problem(0, "unreachable", "");
  return answer.data.session?.access_token ?? null;
}
