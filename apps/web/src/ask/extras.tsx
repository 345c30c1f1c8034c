"use client";

import { type ReactNode, useId } from "react";
import type { PanelTypeInfo } from "@/api/panel-types";
import { percent } from "@/format";
import { text } from "@/text";
import { Counter } from "@/ui/counter";
import {
  type Advanced,
  type Evidence,
  type Fault,
  isTooLong,
  LONGEST_EVIDENCE,
  LONGEST_PROMPT,
} from "./draft";
import type { Choice } from "./either-or";

const MOST_OPTIONS = 9;
const MOST_EVIDENCE = 20;

interface OptionsProps {
  readonly type: PanelTypeInfo;
  readonly options: readonly string[];
  /** The choice the question asks for; null where it asks for none. */
  readonly choice: Choice | null;
  onChange(options: readonly string[]): void;
}

export function OptionsInput({ type, options, choice, onChange }: OptionsProps): ReactNode {
  const answers = choice?.answers ?? null;
  return (
    <fieldset>
      <legend>{text.ask.options}</legend>
      <p className="hint">
        {text.ask.optionsHelp} {type.id === "delphi" && text.ask.optionsHelpDelphi}
      </p>
      {choice !== null && options.every((option) => option.trim() === "") && (
        <div className="choice-hint">
          <p>{text.ask.looksLikeChoice}</p>
          {answers !== null && (
            <button type="button" className="button small" onClick={() => onChange(answers)}>
              {text.ask.voteOn(answers)}
            </button>
          )}
        </div>
      )}
      {/* biome-ignore-start lint/suspicious/noArrayIndexKey: an option has no other name than its place */}
      {options.map((option, place) => (
        <div key={place} className="row">
          <input
            aria-label={text.ask.option(place + 1)}
            maxLength={300}
            value={option}
            onChange={(event) => onChange(options.with(place, event.target.value))}
          />
          <button
            type="button"
            className="button small"
            aria-label={text.ask.removeOption(place + 1)}
            onClick={() => onChange(options.toSpliced(place, 1))}
          >
            ×
          </button>
        </div>
      ))}
      {/* biome-ignore-end lint/suspicious/noArrayIndexKey: an option has no other name than its place */}
      {options.length < MOST_OPTIONS && (
        <button type="button" className="button small" onClick={() => onChange([...options, ""])}>
          {text.ask.addOption}
        </button>
      )}
    </fieldset>
  );
}

interface EvidenceProps {
  readonly evidence: readonly Evidence[];
  /** What is wrong with the whole draft, told from the first on. */
  readonly faults: readonly Fault[];
  onChange(evidence: readonly Evidence[]): void;
}

export function EvidenceInput({ evidence, faults, onChange }: EvidenceProps): ReactNode {
  const id = useId();
  const set = (place: number, part: Partial<Evidence>): void => {
    const one = evidence[place];
    if (one) onChange(evidence.with(place, { ...one, ...part }));
  };
  return (
    <fieldset>
      <legend>{text.ask.evidence}</legend>
      <p className="hint">{text.ask.evidenceHelp}</p>
      {/* biome-ignore-start lint/suspicious/noArrayIndexKey: a text has no other name than its place */}
      {evidence.map((one, place) => (
        <div key={place} className="evidence">
          <div className="row">
            <input
              aria-label={text.ask.evidenceTitle(place + 1)}
              placeholder={text.ask.evidenceTitle(place + 1)}
              maxLength={200}
              value={one.title}
              onChange={(event) => set(place, { title: event.target.value })}
            />
            <button
              type="button"
              className="button small"
              aria-label={text.ask.removeEvidence(place + 1)}
              onClick={() => onChange(evidence.toSpliced(place, 1))}
            >
              ×
            </button>
          </div>
          <textarea
            aria-label={text.ask.evidenceText(place + 1)}
            rows={4}
            value={one.text}
            aria-invalid={isTooLong(one)}
            aria-describedby={`${id}-${place}`}
            onChange={(event) => set(place, { text: event.target.value })}
          />
          <div className="field-foot">
            <p className="trouble" id={`${id}-${place}`} role="alert">
              {isTooLong(one) ? text.ask.tooLong(LONGEST_EVIDENCE) : ""}
            </p>
            {one.text !== "" && <Counter length={one.text.trim().length} limit={LONGEST_EVIDENCE} />}
          </div>
        </div>
      ))}
      {/* biome-ignore-end lint/suspicious/noArrayIndexKey: a text has no other name than its place */}
      {evidence.length < MOST_EVIDENCE && (
        <button
          type="button"
          className="button small"
          onClick={() => onChange([...evidence, { title: "", text: "" }])}
        >
          {text.ask.addEvidence}
        </button>
      )}
      <p className="trouble" role="alert">
        {faults.includes("too much") ? text.ask.tooMuch : ""}
      </p>
    </fieldset>
  );
}

interface AdvancedProps {
  readonly type: PanelTypeInfo;
  readonly advanced: Advanced;
  /** Who may moderate: the catalogue without those who sit on the panel. */
  readonly moderators: readonly { readonly id: string; readonly name: string; readonly title: string }[];
  onChange(advanced: Advanced): void;
}

export function AdvancedOptions({ type, advanced, moderators, onChange }: AdvancedProps): ReactNode {
  const id = useId();
  const set = (part: Partial<Advanced>): void => onChange({ ...advanced, ...part });
  const prompt = advanced.customPrompt.trim().length;
  const number = (value: string): number | null => (value === "" ? null : Number(value));
  return (
    <details className="advanced">
      <summary>{text.ask.advanced}</summary>
      <div className="advanced-grid">
        <label className="field">
          <span>{text.ask.rounds}</span>
          <select
            value={advanced.maxRounds ?? ""}
            onChange={(event) => set({ maxRounds: number(event.target.value) })}
          >
            <option value="">{text.ask.defaultValue(String(type.rounds.default))}</option>
            {type.rounds.allowed.map((rounds) => (
              <option key={rounds}>{rounds}</option>
            ))}
          </select>
        </label>
        <div className="field">
          <label htmlFor={`${id}-threshold`}>
            {text.ask.threshold}: <strong>{percent(advanced.threshold ?? type.threshold.default)}</strong>
          </label>
          <input
            id={`${id}-threshold`}
            type="range"
            min={type.threshold.min}
            max={type.threshold.max}
            step={0.05}
            value={advanced.threshold ?? type.threshold.default}
            onChange={(event) => set({ threshold: Number(event.target.value) })}
          />
        </div>
        <label className="field">
          <span>{text.ask.minutes}</span>
          <input
            type="number"
            min={1}
            max={60}
            placeholder={String(type.minutes)}
            value={advanced.minutes ?? ""}
            onChange={(event) => set({ minutes: number(event.target.value) })}
          />
        </label>
        <label className="field">
          <span>{text.ask.cost}</span>
          <input
            inputMode="decimal"
            placeholder={type.maxCost}
            value={advanced.maxCost}
            onChange={(event) => set({ maxCost: event.target.value })}
          />
        </label>
        <label className="field">
          <span>{text.ask.method}</span>
          <select
            value={type.methods.includes(advanced.method) ? advanced.method : ""}
            onChange={(event) => set({ method: event.target.value })}
          >
            <option value="">{text.ask.defaultValue(text.methods[type.methods[0] ?? ""] ?? "")}</option>
            {type.methods.map((method) => (
              <option key={method} value={method}>
                {text.methods[method] ?? method}
              </option>
            ))}
          </select>
        </label>
        {type.moderator && (
          <label className="field">
            <span>{type.id === "adversarial" ? text.ask.judge : text.ask.moderator}</span>
            <select value={advanced.moderator} onChange={(event) => set({ moderator: event.target.value })}>
              <option value="">
                {type.id === "adversarial" ? text.ask.builtInJudge : text.ask.noModerator}
              </option>
              {moderators.map(({ id: agent, name, title }) => (
                <option key={agent} value={agent}>
                  {name}, {title}
                </option>
              ))}
            </select>
          </label>
        )}
        {type.human && (
          <label className="field">
            <span>{text.ask.humanHours}</span>
            <input
              type="number"
              min={1}
              max={168}
              placeholder="24"
              value={advanced.humanHours ?? ""}
              onChange={(event) => set({ humanHours: number(event.target.value) })}
            />
          </label>
        )}
        <label className="field">
          <span>{text.ask.dimensions}</span>
          <input
            placeholder={text.ask.dimensionsExample}
            value={advanced.dimensions}
            onChange={(event) => set({ dimensions: event.target.value })}
          />
        </label>
      </div>
      <label className="field">
        <span>{text.ask.customPrompt}</span>
        <textarea
          rows={3}
          value={advanced.customPrompt}
          aria-invalid={prompt > LONGEST_PROMPT}
          aria-describedby={`${id}-prompt`}
          onChange={(event) => set({ customPrompt: event.target.value })}
        />
      </label>
      <div className="field-foot">
        <p className="hint">{text.ask.customPromptHelp}</p>
        {prompt > 0 && <Counter length={prompt} limit={LONGEST_PROMPT} />}
      </div>
      <p className="trouble" id={`${id}-prompt`} role="alert">
        {prompt > LONGEST_PROMPT ? text.ask.tooLong(LONGEST_PROMPT) : ""}
      </p>
      <label className="choice">
        <input
          type="checkbox"
          checked={advanced.dissent}
          onChange={(event) => set({ dissent: event.target.checked })}
        />
        {text.ask.dissent}
      </label>
      <label className="choice">
        <input
          type="checkbox"
          checked={advanced.chair}
          onChange={(event) => set({ chair: event.target.checked })}
        />
        {text.ask.chair}
      </label>
      <label className="choice">
        <input
          type="checkbox"
          checked={advanced.rank}
          onChange={(event) => set({ rank: event.target.checked })}
        />
        {text.ask.rank}
      </label>
    </details>
  );
}
