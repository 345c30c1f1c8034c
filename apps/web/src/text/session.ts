/** Signing in, and who is signed in. */
export const session = {
  account: {
    label: "Account",
    signOut: "Sign out",
    role: (role: string | null): string => (role === null ? "" : `Signed in as ${role}`),
    tenant: "Tenant",
    otherTenant: "Another tenant…",
    switchTo: "Switch",
    backTo: (tenant: string): string => `Back to ${tenant}`,
    tenantId: "Tenant id",
  },
  /** A link that signs in, followed by somebody who is signed in. */
  offer: {
    title: (who: string, tenant: string): string => `Continue as ${who} in ${tenant}?`,
    help: (who: string, tenant: string): string =>
      `You followed a link that signs in. You are signed in as ${who} in ${tenant}.`,
    unnamed: "an unnamed user",
    take: "Continue by the link",
    stay: "Stay signed in as I am",
  },
  signIn: {
    title: "Sign in",
    lead: "One question, several AI experts, a consensus you can check.",
    token: "Access token",
    tokenHelp: "Paste the token of a local user. This prints one:",
    tokenCommand: "askpanel token",
    tenant: "Tenant id",
    tenantHelp: "The id of the tenant in which you act; `make run` prints it in its curl line.",
    email: "Email",
    password: "Password",
    submit: "Sign in",
    working: "Signing in…",
    expired: "Your session has ended. Sign in again; drafts are kept.",
    refused: "This token was refused.",
    notMember: "You are not an active member of this tenant.",
    badTenant: "A tenant id looks like 3f0c9b1e-1111-4222-8333-444455556666.",
    needToken: "Paste an access token.",
    memory: "The token stays in this tab and is forgotten when the tab closes.",
    points: [
      "Experts answer in private first, then discuss by a named protocol.",
      "Agreement is counted by code from typed answers, never read from prose.",
      "Dissent, failures and cost stand beside the result.",
    ],
  },
} as const;
