"use client";

/** Which quotes are shown in which answers: a point of the result is clicked, its words light up. */
import { createContext, type ReactNode, useCallback, useContext, useMemo, useState } from "react";

interface Focus {
  readonly quotes: ReadonlyMap<string, readonly string[]>;
  show(quotes: readonly { readonly response_id?: string | null; readonly text: string }[]): void;
}

const FocusContext = createContext<Focus>({
  quotes: new Map(),
  show: () => undefined,
});

export function useFocus(): Focus {
  return useContext(FocusContext);
}

export function answerId(responseId: string): string {
  return `answer-${responseId}`;
}

/** Brings an answer into view and gives it the focus, so that keyboard and screen reader go on from there. */
export function reveal(responseId: string): void {
  const card = document.getElementById(answerId(responseId));
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  card?.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
  card?.focus({ preventScroll: true });
}

export function FocusProvider({ children }: { readonly children: ReactNode }): ReactNode {
  const [quotes, setQuotes] = useState<ReadonlyMap<string, readonly string[]>>(new Map());
  const show = useCallback<Focus["show"]>((wanted) => {
    const byAnswer = new Map<string, string[]>();
    for (const quote of wanted) {
      if (quote.response_id) {
        byAnswer.set(quote.response_id, [...(byAnswer.get(quote.response_id) ?? []), quote.text]);
      }
    }
    setQuotes(byAnswer);
    const [first] = byAnswer.keys();
    if (first === undefined) return;
    requestAnimationFrame(() => reveal(first));
  }, []);
  const value = useMemo(() => ({ quotes, show }), [quotes, show]);
  return <FocusContext value={value}>{children}</FocusContext>;
}
