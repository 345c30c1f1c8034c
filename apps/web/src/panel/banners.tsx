import type { ReactNode } from "react";
import { money } from "@/format";
import { text } from "@/text";
import { Trouble } from "@/ui/states";
import { demonstrationOf } from "./demonstration";
import { hasEnded, results } from "./fold";
import type { Followed } from "./use-panel";

/** What a reader must know before the result: a lost connection, a failure, a limit, what is missing. */
export function Banners({ followed }: { readonly followed: Followed }): ReactNode {
  const { panel, link, refused, held, retry } = followed;
  const degraded = panel.completed?.degraded ?? results(panel).at(-1)?.degraded ?? [];
  const demonstration = demonstrationOf(panel);
  // In the card of the result it stands above the result.
  const stands = panel.completed !== null && results(panel).length > 0;
  return (
    <>
      <div role="status">
        {link === "reconnecting" && refused === null && !hasEnded(panel) && (
          <p className="banner wait">
            {held === null ? text.panel.reconnecting : text.panel.held(held.message)}
          </p>
        )}
      </div>
      {refused !== null && !hasEnded(panel) && <Trouble error={refused} onRetry={retry} />}
      {demonstration !== null && !stands && <p className="banner wait demonstration">{demonstration}</p>}
      {panel.failed !== null && (
        <section className="banner bad" aria-labelledby="failed">
          <strong id="failed">{text.result.failed}</strong>
          <p>
            {text.failures[panel.failed.reason] ?? panel.failed.reason}. {panel.failed.detail}
          </p>
        </section>
      )}
      {panel.budgetExceeded !== null && (
        <p className="banner wait">
          {text.result.budget(money(panel.budgetExceeded.spent_usd), money(panel.budgetExceeded.limit_usd))}
        </p>
      )}
      {degraded.length > 0 && panel.failed === null && (
        <section className="banner wait" aria-labelledby="degraded">
          <strong id="degraded">{text.result.degraded}</strong>
          <ul>
            {degraded.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}
