import { createClient, type SupabaseClient } from "@supabase/supabase-js";
import { SUPABASE_SESSION } from "./store";

/** Supabase's sign-in, loaded once somebody signs in with it. Its session lives as long as the tab. */
export interface SignIn {
  /** The current access token, refreshed where it has run out; null: nobody is signed in. */
  token(): Promise<string | null>;
  /** Rejects with the reason as Supabase words it. */
  withPassword(email: string, password: string): Promise<string>;
  onToken(change: (token: string | null) => void): () => void;
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
      const { data } = await client.auth.getSession();
      return data.session?.access_token ?? null;
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
