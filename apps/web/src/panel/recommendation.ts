/** The recommendation without its list of what was missing, which the page shows above it. Pure. */
export function withoutNotes(recommendation: string, notes: readonly string[]): string {
  const listed = `Degraded: ${notes.map((note) => note.replace(/\.+$/, "")).join("; ")}`;
  return notes.length > 0 && recommendation.startsWith(listed)
    ? recommendation.slice(listed.length).replace(/^[.\s]+/, "")
    : recommendation;
}
