import { type ReactNode, useId } from "react";
import { text } from "@/text";
import { Counter } from "@/ui/counter";
import type { Fault, Limits } from "./draft";

interface Props {
  readonly value: string;
  readonly limits: Limits;
  readonly faults: readonly Fault[];
  readonly complaint: string | null;
  onChange(value: string): void;
}

export function QueryInput({ value, limits, faults, complaint, onChange }: Props): ReactNode {
  const id = useId();
  const length = value.trim().length;
  const trouble =
    complaint ??
    (faults.includes("too short")
      ? text.ask.tooShort(limits.shortest)
      : length > limits.longest
        ? text.ask.tooLong(limits.longest)
        : "");
  return (
    <div className="field question-field">
      <label htmlFor={id}>{text.ask.question}</label>
      <textarea
        id={id}
        rows={4}
        value={value}
        placeholder={text.ask.placeholder}
        aria-invalid={trouble !== ""}
        aria-describedby={`${id}-help ${id}-trouble`}
        onChange={(event) => onChange(event.target.value)}
      />
      <div className="field-foot">
        <p className="hint" id={`${id}-help`}>
          {text.ask.questionHelp}
        </p>
        <Counter length={length} limit={limits.longest} />
      </div>
      <p className="trouble" id={`${id}-trouble`} role="alert">
        {trouble}
      </p>
    </div>
  );
}
