/** A name for one wish, never given twice. `crypto.randomUUID` exists on https and localhost only. */
export function newWish(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
