"use client";

import { type KeyboardEvent, type ReactNode, type SyntheticEvent, useEffect, useId, useRef } from "react";

/** A modal dialog: the browser's own keeps the focus in, closes on Escape, and gives the focus back. */
export function Dialog({
  title,
  onClose,
  onEscape,
  children,
}: {
  readonly title: string;
  readonly children: ReactNode;
  onClose(): void;
  /** Asked instead of closing on Escape; absent: it closes. */
  onEscape?(): void;
}): ReactNode {
  const box = useRef<HTMLDialogElement>(null);
  const heading = useId();
  useEffect(() => {
    const opener = document.activeElement;
    box.current?.showModal();
    return () => {
      // Taken off the page while open, it leaves the focus nowhere.
      if (opener instanceof HTMLElement && document.activeElement === document.body) opener.focus();
    };
  }, []);
  const stay = (event: SyntheticEvent): void => {
    if (onEscape === undefined) return;
    event.preventDefault();
    onEscape();
  };
  // The key too: after a first Escape that was held back, a browser closes by the second without asking.
  return (
    <dialog
      ref={box}
      className="dialog"
      aria-labelledby={heading}
      onClose={onClose}
      onCancel={stay}
      onKeyDown={(event: KeyboardEvent) => event.key === "Escape" && stay(event)}
    >
      <h2 id={heading}>{title}</h2>
      {children}
    </dialog>
  );
}
