import type { ReactNode } from "react";
import { percent } from "@/format";
import { text } from "@/text";

/** A consensus level as a ring, with a notch where the panel's threshold lies. */
export function Gauge({
  level,
  threshold,
  size = 132,
}: {
  readonly level: number;
  readonly threshold: number | null;
  readonly size?: number;
}): ReactNode {
  const radius = 52;
  const around = 2 * Math.PI * radius;
  const turn = threshold === null ? 0 : threshold * 2 * Math.PI - Math.PI / 2;
  const notch = (at: number): string => `${60 + at * Math.cos(turn)} ${60 + at * Math.sin(turn)}`;
  const reached = threshold !== null && level >= threshold;
  const label = `${text.result.consensus} ${percent(level)}${threshold === null ? "" : `, ${text.result.threshold(percent(threshold))}`}`;
  return (
    <svg
      className={`gauge ${reached ? "reached" : ""}`}
      width={`${size / 16}rem`}
      height={`${size / 16}rem`}
      viewBox="0 0 120 120"
      role="img"
      aria-label={label}
    >
      <circle className="track" cx="60" cy="60" r={radius} />
      <circle
        className="value"
        cx="60"
        cy="60"
        r={radius}
        strokeDasharray={`${level * around} ${around}`}
        transform="rotate(-90 60 60)"
      />
      {threshold !== null && <path className="notch" d={`M${notch(radius - 8)} L${notch(radius + 8)}`} />}
      <text x="60" y="69" textAnchor="middle">
        {percent(level)}
      </text>
    </svg>
  );
}

/** The same as a bar, for lists. */
export function LevelBar({
  level,
  threshold = null,
}: {
  readonly level: number;
  readonly threshold?: number | null;
}): ReactNode {
  return (
    <span className="level-bar" role="img" aria-label={`${text.result.consensus} ${percent(level)}`}>
      <span style={{ width: `${level * 100}%` }} />
      {threshold !== null && <i style={{ left: `${threshold * 100}%` }} />}
    </span>
  );
}
