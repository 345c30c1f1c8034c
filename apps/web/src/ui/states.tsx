import type { ReactNode } from "react";
import { Problem } from "@/api/problem";
import { moment } from "@/format";
import { text } from "@/text";

export function Spinner({ label }: { readonly label: string }): ReactNode {
  return (
    <div className="spinner" role="status">
      <span aria-hidden="true" />
      {label}
    </div>
  );
}

/** The longest wait, in seconds, that people count in seconds. */
const COUNTED = 120;

/** What went wrong in words, and what to do about it. */
export function Trouble({ error, onRetry }: { readonly error: unknown; onRetry?(): void }): ReactNode {
  if (!(error instanceof Problem)) return <Bug error={error} />;
  const words = error.status === 0 ? text.problems.unreachable : error.message;
  return (
    <div className="banner bad" role="alert">
      <strong>{error.status === 404 ? text.problems.missing : text.problems.title}</strong>
      <p>{words}</p>
      {error.retryAfter !== null && <p>{whenToRetry(error.at, error.retryAfter)}</p>}
      {error.traceId !== null && error.status >= 500 && (
        <p className="hint">{text.problems.trace(error.traceId)}</p>
      )}
      {onRetry && error.status !== 404 && error.status !== 403 && (
        <button type="button" className="button small" onClick={onRetry}>
          {text.retry}
        </button>
      )}
    </div>
  );
}

/** What is no answer of the gateway is a fault of this page: trying again does not help. */
function Bug({ error }: { readonly error: unknown }): ReactNode {
  return (
    <div className="banner bad" role="alert">
      <strong>{text.problems.title}</strong>
      <p>{text.problems.bug}</p>
      <p className="hint">{String(error)}</p>
    </div>
  );
}

function whenToRetry(at: number, seconds: number): string {
  if (seconds <= COUNTED) return text.problems.wait(seconds);
  return text.problems.waitUntil(moment(new Date(at + seconds * 1000).toISOString()));
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
