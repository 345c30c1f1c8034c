/** The address of a tenant's logo, where the installation lets one be shown from there; else null. Pure. */
export function logoFrom(address: string | null | undefined, origins: readonly string[]): string | null {
  if (address == null || !URL.canParse(address)) return null;
  return origins.includes(new URL(address).origin) ? address : null;
}
