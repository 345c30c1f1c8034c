import type { ReactNode } from "react";
import type { PanelTypeInfo } from "@/api/panel-types";
import { money } from "@/format";
import { text } from "@/text";

interface Props {
  readonly types: readonly PanelTypeInfo[];
  readonly chosen: string;
  onChange(id: string): void;
}

/** The protocols as radio cards: when to use one, how it goes, and what it takes. */
export function PanelTypeSelector({ types, chosen, onChange }: Props): ReactNode {
  return (
    <fieldset className="types">
      <legend>{text.ask.type}</legend>
      <div className="types-grid">
        {types.map((type) => {
          const words = text.types[type.id];
          return (
            <label key={type.id} className={`card type ${type.available ? "" : "off"}`}>
              <input
                type="radio"
                name="panel-type"
                value={type.id}
                checked={type.id === chosen}
                disabled={!type.available}
                onChange={() => onChange(type.id)}
              />
              <span className="type-name">
                {words?.name ?? type.title}
                {!type.available && <span className="chip">{text.ask.unavailable}</span>}
              </span>
              <span className="type-when">{words?.when ?? type.purpose}</span>
              <span className="type-how">{words?.how}</span>
              <span className="type-facts">
                {text.ask.typeFacts(type.rounds.default, type.minutes, type.modelCalls)}
                {type.maxCost !== "" && ` · ${text.ask.atMost(money(type.maxCost))}`}
              </span>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}
