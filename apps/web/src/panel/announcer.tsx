import { type ReactNode, useEffect, useRef, useState } from "react";
import { percent } from "@/format";
import { text } from "@/text";
import { hasEnded, type PanelState, results } from "./fold";

/** Tells screen readers of rounds, results and the end: not of every token, and not of every answer. */
export function Announcer({ panel }: { readonly panel: PanelState }): ReactNode {
  const [words, setWords] = useState("");
  const said = useRef({ rounds: 0, results: 0, awaiting: false, ended: false });
  const first = useRef(true);

  useEffect(() => {
    const last = results(panel).at(-1);
    const now = {
      rounds: panel.rounds.length,
      results: results(panel).length,
      awaiting: panel.awaiting !== null,
      ended: hasEnded(panel),
    };
    const before = said.current;
    said.current = now;
    if (first.current) {
      // What was there when the page opened is read by whoever opened it.
      first.current = panel.created === null;
      return;
    }
    if (now.ended && !before.ended) setWords(text.panel.announceEnd);
    else if (now.awaiting && !before.awaiting) setWords(text.panel.announceHuman);
    else if (last && now.results > before.results)
      setWords(text.panel.announceResult(percent(last.consensus_level), last.round_number));
    else if (now.rounds > before.rounds) setWords(text.panel.announceRound(now.rounds));
  }, [panel]);

  return (
    <p className="unseen" role="status" aria-live="polite">
      {words}
    </p>
  );
}
