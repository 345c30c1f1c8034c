import type { ReactNode } from "react";

/** The product's sign: several voices around one answer. */
export function Mark({ size = 28 }: { readonly size?: number }): ReactNode {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="9" fill="var(--brand-fill)" />
      <g fill="var(--brand-on-fill)">
        <circle cx="16" cy="16" r="3.6" />
        <circle cx="16" cy="6.8" r="2.2" opacity=".9" />
        <circle cx="24" cy="11.4" r="2.2" opacity=".75" />
        <circle cx="24" cy="20.6" r="2.2" opacity=".6" />
        <circle cx="16" cy="25.2" r="2.2" opacity=".75" />
        <circle cx="8" cy="20.6" r="2.2" opacity=".6" />
        <circle cx="8" cy="11.4" r="2.2" opacity=".9" />
      </g>
    </svg>
  );
}
