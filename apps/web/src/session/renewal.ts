import { Problem } from "@/api/problem";
import { isFromSupabase } from "./store";
import type { SignIn } from "./supabase";

/** Loads Supabase's sign-in, once. A page that needs none of it is shown without. */
export type LoadSignIn = () => Promise<SignIn>;

/**
 * Another token in place of the refused one: a hidden tab lets its token run out and can still refresh it.
 * Null: there is none. Rejects where the sign-in was not reached, which ends no session.
 */
export async function renewed(signIn: LoadSignIn | null, refused: string): Promise<string | null> {
  if (signIn === null || !isFromSupabase()) return null;
  const supabase = await signIn().catch(() => {
    throw new Problem(0, "unreachable", "");
  });
  const token = await supabase.token();
  return token === refused ? await supabase.refreshed() : token;
}
