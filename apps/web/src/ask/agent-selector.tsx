"use client";

import { type ReactNode, useDeferredValue, useRef, useState } from "react";
import useSWR from "swr";
import { bodyOf, type Schemas } from "@/api/client";
import type { PanelTypeInfo } from "@/api/panel-types";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Avatar } from "@/ui/avatar";
import { Spinner, Trouble } from "@/ui/states";
import type { Fault } from "./draft";
import { useProposal } from "./proposal";

type Expert = Schemas["ExpertAnswer"];

interface Props {
  readonly type: PanelTypeInfo;
  /** The question once it is long enough to propose experts for; null before. */
  readonly query: string | null;
  readonly chosen: readonly string[] | null;
  readonly faults: readonly Fault[];
  readonly complaint: string | null;
  onChange(agents: readonly string[] | null): void;
}

/** Who answers: the system's proposal with its reasons, until the user makes it their own. */
export function AgentSelector({ type, query, chosen, faults, complaint, onChange }: Props): ReactNode {
  const { api } = useSession();
  const catalogue = useSWR("agents", async () => (await bodyOf(api.GET("/api/v1/agents"))).agents);
  const { question, proposal } = useProposal(type, query, null);
  const proposed = proposal.data?.agents ?? [];
  const experts = new Map(catalogue.data?.map((expert) => [expert.id, expert]));
  const seats = chosen ?? proposed.map((one) => one.agent_id);
  const reasons = new Map(proposed.map((one) => [one.agent_id, one.reason]));
  const trouble =
    complaint ??
    (faults.includes("too few experts")
      ? text.ask.tooFew(type.experts.min)
      : faults.includes("too many experts")
        ? text.ask.tooMany(type.experts.max)
        : "");

  const move = (from: number, to: number): void => {
    const next = [...seats];
    const [moved] = next.splice(from, 1);
    if (moved !== undefined && to >= 0 && to <= next.length) onChange(next.toSpliced(to, 0, moved));
  };

  return (
    <fieldset className="agents">
      <legend>{text.ask.experts}</legend>
      <div className="agents-head">
        <p className="hint">
          {chosen === null
            ? question === null
              ? text.ask.proposeLater
              : text.ask.proposed
            : text.ask.chosen(chosen.length)}{" "}
          · {text.ask.expertsRange(type.experts.min, type.experts.max)}
        </p>
        {chosen !== null && (
          <button type="button" className="link" onClick={() => onChange(null)}>
            {text.ask.automatic}
          </button>
        )}
      </div>
      {proposal.isLoading && seats.length === 0 && <p className="hint">{text.ask.proposing}</p>}
      {chosen === null && proposal.error !== undefined && (
        <Trouble error={proposal.error} onRetry={() => void proposal.mutate()} />
      )}
      <Chosen
        seats={seats}
        experts={experts}
        reasons={reasons}
        onMove={move}
        onRemove={(id) => onChange(seats.filter((one) => one !== id))}
      />
      <p className="trouble" role="alert">
        {trouble}
      </p>
      <details className="catalogue">
        <summary>{text.ask.add}</summary>
        {catalogue.data === undefined ? (
          <NoCatalogue error={catalogue.error} onRetry={() => void catalogue.mutate()} />
        ) : (
          <Catalogue
            experts={[...experts.values()].filter((expert) => !seats.includes(expert.id))}
            full={seats.length >= type.experts.max}
            onAdd={(id) => onChange([...seats, id])}
          />
        )}
      </details>
    </fieldset>
  );
}

interface ChosenProps {
  readonly seats: readonly string[];
  readonly experts: ReadonlyMap<string, Expert>;
  readonly reasons: ReadonlyMap<string, string>;
  onMove(from: number, to: number): void;
  onRemove(id: string): void;
}

function Chosen({ seats, experts, reasons, onMove, onRemove }: ChosenProps): ReactNode {
  const dragged = useRef<number | null>(null);
  return (
    <ol className="chosen">
      {seats.map((id, place) => {
        const name = experts.get(id)?.name ?? id;
        return (
          <li
            key={id}
            className="card"
            draggable
            onDragStart={() => {
              dragged.current = place;
            }}
            onDragOver={(event) => event.preventDefault()}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged.current !== null) onMove(dragged.current, place);
              dragged.current = null;
            }}
          >
            <Avatar name={name} seat={place} />
            <div className="chosen-who">
              <p>
                <strong>{name}</strong> <span className="hint">{experts.get(id)?.title}</span>
              </p>
              <p className="hint">{reasons.get(id) ?? experts.get(id)?.summary}</p>
            </div>
            <div className="chosen-buttons">
              <button
                type="button"
                aria-label={text.ask.moveUp(name)}
                disabled={place === 0}
                onClick={() => onMove(place, place - 1)}
              >
                ↑
              </button>
              <button
                type="button"
                aria-label={text.ask.moveDown(name)}
                disabled={place === seats.length - 1}
                onClick={() => onMove(place, place + 1)}
              >
                ↓
              </button>
              <button type="button" aria-label={text.ask.remove(name)} onClick={() => onRemove(id)}>
                ×
              </button>
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function NoCatalogue({ error, onRetry }: { readonly error: unknown; onRetry(): void }): ReactNode {
  if (error === undefined) return <Spinner label={text.loading} />;
  return <Trouble error={error} onRetry={onRetry} />;
}

function Catalogue({
  experts,
  full,
  onAdd,
}: {
  readonly experts: readonly Expert[];
  readonly full: boolean;
  onAdd(id: string): void;
}): ReactNode {
  const [words, setWords] = useState("");
  const [domain, setDomain] = useState("");
  const wanted = useDeferredValue(words.toLowerCase());
  const domains = [...new Set(experts.map((expert) => expert.domain))].toSorted();
  const found = experts.filter(
    (expert) =>
      !expert.bench && (domain === "" || expert.domain === domain) && haystack(expert).includes(wanted),
  );
  return (
    <>
      <div className="filters">
        <label className="field grow">
          <span>{text.ask.searchExperts}</span>
          <input type="search" value={words} onChange={(event) => setWords(event.target.value)} />
        </label>
        <label className="field">
          <span>{text.ask.domain}</span>
          <select value={domain} onChange={(event) => setDomain(event.target.value)}>
            <option value="">{text.ask.allDomains}</option>
            {domains.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </div>
      {full && <p className="note">{text.ask.full}</p>}
      {found.length === 0 && <p className="hint">{text.ask.noExperts}</p>}
      <ul className="catalogue-list">
        {found.map((expert) => (
          <li key={expert.id}>
            <div>
              <p>
                <strong>{expert.name}</strong> <span className="hint">{expert.title}</span>
              </p>
              <p className="hint">{expert.summary}</p>
            </div>
            <button
              type="button"
              className="button small"
              aria-label={text.ask.addOne(expert.name)}
              disabled={full}
              onClick={() => onAdd(expert.id)}
            >
              +
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

export function haystack(expert: Expert): string {
  return [expert.name, expert.title, expert.domain, expert.summary, ...expert.tags].join(" ").toLowerCase();
}
