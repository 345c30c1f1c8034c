import type { ReactNode } from "react";
import { percent } from "@/format";
import { text } from "@/text";

const SIGNS: Record<string, string> = {
  support: "M3 8.5 6.5 12 13 4.5",
  conditional: "M8 3v6M8 12.2v.3",
  oppose: "M4 4l8 8M12 4l-8 8",
  neutral: "M3 8h10",
  abstain: "M4 8h8",
};

/** The sign of a stance alone; say the word beside it or in a label. */
export function StanceSign({ stance }: { readonly stance: string }): ReactNode {
  return (
    <svg className="sign" width="12" height="12" viewBox="0 0 16 16" aria-hidden="true">
      <path d={SIGNS[stance] ?? SIGNS["neutral"]} />
    </svg>
  );
}

/** A stance by word, sign and colour: never by colour alone. */
export function StancePill({ stance }: { readonly stance: string }): ReactNode {
  return (
    <span className={`stance ${stance}`}>
      <StanceSign stance={stance} />
      {text.stances[stance] ?? stance}
    </span>
  );
}

export function Confidence({ share }: { readonly share: number }): ReactNode {
  return (
    <span className="confidence">
      <span className="meter" aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
      {text.panel.confidenceOf(percent(share))}
    </span>
  );
}
