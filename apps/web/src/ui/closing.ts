import { type RefObject, useEffect } from "react";

/** An open menu closes on Escape, and by whatever is done beside it. */
export function useClosing(box: RefObject<HTMLDetailsElement | null>): void {
  useEffect(() => {
    const close = (event: Event): void => {
      if (!box.current?.open) return;
      const inside = event.target instanceof Node && box.current.contains(event.target);
      const escaped = event instanceof KeyboardEvent && event.key === "Escape";
      if (inside && !escaped) return;
      box.current.open = false;
      if (inside) box.current.querySelector("summary")?.focus();
    };
    document.addEventListener("click", close);
    document.addEventListener("keydown", close);
    return () => {
      document.removeEventListener("click", close);
      document.removeEventListener("keydown", close);
    };
  }, [box]);
}
