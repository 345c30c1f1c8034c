import type { LoadSignIn } from "./renewal";
import { readSession, SUPABASE_SESSION } from "./store";

/**
 * Ends Supabase's session: there, where that is reached, and in this tab in any case, because what is left in it signs
 * the next one in. Call it when nobody is signed in any more; who signs in while it waits keeps their own session.
 */
export async function leave(signIn: LoadSignIn): Promise<void> {
  try {
    await (await signIn()).out();
  } catch {
    // Not reached: there the session ends when it runs out.
  } finally {
    if (readSession() === null) sessionStorage.removeItem(SUPABASE_SESSION);
  }
}
