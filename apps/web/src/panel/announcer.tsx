import { type ReactNode, useEffect, useRef, useState } from "react";
import { announcement } from "./announcement";
import type { PanelState } from "./fold";

interface Props {
  readonly panel: PanelState;
  readonly mayAct: boolean;
}

/** Tells screen readers of rounds, results and the end: not of every token, and not of every answer. */
export function Announcer({ panel, mayAct }: Props): ReactNode {
  const [words, setWords] = useState("");
  // What was there when the page opened is read by whoever opened it.
  const told = useRef(panel);

  useEffect(() => {
    const next = announcement(told.current, panel, mayAct);
    told.current = panel;
    if (next !== null) setWords(next);
  }, [panel, mayAct]);

  return (
    <p className="unseen" role="status" aria-live="polite">
      {words}
    </p>
  );
}
