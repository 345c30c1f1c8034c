// The unmodified @supabase/supabase-js against the local sign-in. Arguments: the folder whose node_modules has
// it, then a JSON object {authUrl, anonKey, apiUrl, tenant, email, password}. Prints one JSON object.
import { createRequire } from "node:module";
import { join } from "node:path";

const [folder, told] = process.argv.slice(2);
const { createClient } = createRequire(join(folder, "package.json"))("@supabase/supabase-js");
const { authUrl, anonKey, apiUrl, tenant, email, password } = JSON.parse(told);

const options = { auth: { persistSession: false, autoRefreshToken: false } };
const client = createClient(authUrl, anonKey, options);
const failure = (error) => error && { status: error.status ?? null, code: error.code ?? null, name: error.name };

async function atTheGateway(token) {
  const headers = { Authorization: `Bearer ${token}`, "X-Tenant-ID": tenant };
  const response = await fetch(`${apiUrl}/api/v1/tenant`, { headers });
  return { status: response.status, role: (await response.json()).role ?? null };
}

const seen = [];
client.auth.onAuthStateChange((event) => seen.push(event));
const wrong = await client.auth.signInWithPassword({ email, password: `${password}!` });
const signedIn = await client.auth.signInWithPassword({ email, password });
const user = await client.auth.getUser();
const claims = await client.auth.getClaims();
const refreshed = await client.auth.refreshSession();
const first = signedIn.data.session;
const second = refreshed.data.session;
const gateway = [await atTheGateway(first.access_token), await atTheGateway(second.access_token)];
const signedOut = await client.auth.signOut();
const after = await client.auth.getSession();
const stale = createClient(authUrl, anonKey, options);
const again = await stale.auth.refreshSession({ refresh_token: second.refresh_token });
const gone = await stale.auth.getUser(second.access_token);

console.log(
  JSON.stringify({
    wrong: failure(wrong.error),
    signedIn: { error: failure(signedIn.error), email: signedIn.data.user?.email },
    user: { error: failure(user.error), id: user.data.user?.id },
    claims: { error: failure(claims.error), sub: claims.data?.claims.sub },
    refreshed: { error: failure(refreshed.error), rotated: first.refresh_token !== second.refresh_token },
    gateway,
    signedOut: { error: failure(signedOut.error), session: after.data.session },
    again: failure(again.error),
    gone: failure(gone.error),
    events: seen,
  }),
);
