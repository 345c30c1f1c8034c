import { type ReactNode, useId } from "react";
import { text } from "@/text";
import type { Quantity } from "./draft";

interface QuantityProps {
  readonly quantity: Quantity;
  readonly isRangeWrong: boolean;
  onChange(quantity: Quantity): void;
}

/** A forecast: the number's unit, and the bounds it must lie in. */
export function QuantityInput({ quantity, isRangeWrong, onChange }: QuantityProps): ReactNode {
  const id = useId();
  const set = (part: Partial<Quantity>): void => onChange({ ...quantity, ...part });
  return (
    <fieldset>
      <legend>{text.ask.quantity}</legend>
      <p className="hint">{text.ask.quantityHelp}</p>
      <div className="quantity">
        <label className="field">
          <span>{text.ask.unit}</span>
          <input
            maxLength={60}
            placeholder={text.ask.unitExample}
            value={quantity.unit}
            onChange={(event) => set({ unit: event.target.value })}
          />
        </label>
        {(["minimum", "maximum"] as const).map((end) => (
          <label key={end} className="field">
            <span>{text.ask[end]}</span>
            <input
              inputMode="decimal"
              value={quantity[end]}
              disabled={quantity.unit.trim() === ""}
              aria-invalid={isRangeWrong}
              aria-describedby={`${id}-trouble`}
              onChange={(event) => set({ [end]: event.target.value })}
            />
          </label>
        ))}
      </div>
      <p className="trouble" id={`${id}-trouble`} role="alert">
        {isRangeWrong ? text.ask.badRange : ""}
      </p>
    </fieldset>
  );
}
