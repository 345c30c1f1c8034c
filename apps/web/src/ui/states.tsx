import type { ReactNode } from "react";
import { Problem } from "@/api/problem";
import { text } from "@/text";

export function Spinner({ label }: { readonly label: string }): ReactNode {
  return (
    <div className="spinner" role="status">
      <span aria-hidden="true" />
      {label}
    </div>
  );
}

/** What went wrong in words, and what to do about it. */
export function Trouble({ error, onRetry }: { readonly error: unknown; onRetry?(): void }): ReactNode {
  const problem = error instanceof Problem ? error : new Problem(0, "", "");
  const words = problem.status === 0 ? text.problems.unreachable : problem.message;
  return (
    <div className="banner bad" role="alert">
      <strong>{problem.status === 404 ? text.problems.notFound : text.problems.title}</strong>
      <p>{problem.status === 404 ? text.problems.notFoundHelp : words}</p>
      {problem.retryAfter !== null && <p>{text.problems.wait(problem.retryAfter)}</p>}
      {problem.traceId !== null && problem.status >= 500 && (
        <p className="hint">{text.problems.trace(problem.traceId)}</p>
      )}
      {onRetry && problem.status !== 404 && problem.status !== 403 && (
        <button type="button" className="button small" onClick={onRetry}>
          {text.retry}
        </button>
      )}
    </div>
  );
}

export function Empty({
  title,
  help,
  children,
}: {
  readonly title: string;
  readonly help: string;
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <div className="empty">
      <svg width="72" height="48" viewBox="0 0 72 48" aria-hidden="true">
        <rect x="2" y="10" width="30" height="22" rx="6" />
        <rect x="40" y="4" width="30" height="22" rx="6" />
        <rect x="22" y="26" width="30" height="20" rx="6" />
      </svg>
      <h2>{title}</h2>
      <p>{help}</p>
      {children}
    </div>
  );
}

/** Grey shapes where cards will be: the page does not jump when they come. */
export function Skeletons({ count, label }: { readonly count: number; readonly label: string }): ReactNode {
  return (
    <div className="cards" role="status" aria-label={label}>
      {Array.from({ length: count }, (_, place) => place).map((place) => (
        <div key={place} className="card skeleton" aria-hidden="true">
          <span />
          <span />
          <span />
        </div>
      ))}
    </div>
  );
}
