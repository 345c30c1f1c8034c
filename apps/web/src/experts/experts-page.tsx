"use client";

import Link from "next/link";
import { type ReactNode, useDeferredValue, useState } from "react";
import useSWR from "swr";
import { bodyOf } from "@/api/client";
import { Problem } from "@/api/problem";
import { haystack } from "@/ask/agent-selector";
import { useTenant } from "@/branding/brand";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Avatar } from "@/ui/avatar";
import { Dialog } from "@/ui/dialog";
import { Empty, Skeletons, Trouble } from "@/ui/states";
import type { Expert } from "./expert-draft";
import { ExpertForm } from "./expert-form";

/** `/experts/`: who may sit on a panel, and for owners and admins, who shall. */
export function ExpertsPage(): ReactNode {
  const { api } = useSession();
  const { role } = useTenant();
  const { data, error, mutate } = useSWR(
    "agents",
    async () => (await bodyOf(api.GET("/api/v1/agents"))).agents,
  );
  const [words, setWords] = useState("");
  const [domain, setDomain] = useState("");
  const [editing, setEditing] = useState<Expert | "new" | null>(null);
  const [retiring, setRetiring] = useState<Expert | null>(null);
  const [notice, setNotice] = useState("");
  const wanted = useDeferredValue(words.toLowerCase());
  const manages = role === "owner" || role === "admin";
  // Reserve seats exist for load tests: they can be named, but are not offered.
  const offered = data
    ?.filter((expert) => !expert.bench)
    .toSorted((one, other) => one.name.localeCompare(other.name));
  const domains = [...new Set(offered?.map((expert) => expert.domain))].toSorted();
  const found = offered?.filter(
    (expert) => (domain === "" || expert.domain === domain) && haystack(expert).includes(wanted),
  );
  // What was just published is shown at once: the catalogue itself follows within moments.
  const shown = (id: string, expert: Expert | null): void => {
    const others = (data ?? []).filter((one) => one.id !== id);
    void mutate(expert === null ? others : [...others, expert], { revalidate: false });
  };
  return (
    <main className="page" id="content">
      <div className="page-head">
        <div>
          <h1>{text.experts.title}</h1>
          <p className="lead">{text.experts.lead}</p>
        </div>
        {manages && (
          <button type="button" className="button primary" onClick={() => setEditing("new")}>
            {text.experts.create}
          </button>
        )}
      </div>
      <search className="filters">
        <label className="field grow">
          <span>{text.experts.search}</span>
          <input type="search" value={words} onChange={(event) => setWords(event.target.value)} />
        </label>
        <label className="field">
          <span>{text.experts.domain}</span>
          <select value={domain} onChange={(event) => setDomain(event.target.value)}>
            <option value="">{text.experts.all}</option>
            {domains.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
      </search>
      {error !== undefined && <Trouble error={error} onRetry={() => void mutate()} />}
      {data === undefined && error === undefined && <Skeletons count={6} label={text.loading} />}
      <p className="note good" role="status" hidden={notice === ""}>
        {notice}
      </p>
      {found && (
        <p className="hint" role="status">
          {text.experts.count(found.length)}
        </p>
      )}
      {found?.length === 0 && <Empty title={text.experts.none} help={text.panels.noneHelp} />}
      <ul className="cards">
        {found?.map((expert, place) => (
          <li key={expert.id}>
            <ExpertCard
              expert={expert}
              place={place}
              onEdit={manages ? () => setEditing(expert) : null}
              onRetire={manages ? () => setRetiring(expert) : null}
            />
          </li>
        ))}
      </ul>
      {editing !== null && (
        <ExpertForm
          expert={editing === "new" ? null : editing}
          domains={domains}
          onClose={() => setEditing(null)}
          onSaved={(saved) => {
            shown(saved.id, saved);
            setNotice(text.experts.published(saved.name, saved.version));
            setEditing(null);
          }}
        />
      )}
      {retiring !== null && (
        <RetireDialog
          expert={retiring}
          onClose={() => setRetiring(null)}
          onRetired={() => {
            shown(retiring.id, null);
            setNotice(text.experts.retired(retiring.name));
            setRetiring(null);
          }}
        />
      )}
    </main>
  );
}

function RetireDialog({
  expert,
  onRetired,
  onClose,
}: {
  readonly expert: Expert;
  onRetired(): void;
  onClose(): void;
}): ReactNode {
  const { api } = useSession();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // The catalogue does not say whose an expert is: the answer does.
  const shared = error instanceof Problem && error.status === 404;

  async function retire(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      await bodyOf(api.DELETE("/api/v1/agents/{agent_id}", { params: { path: { agent_id: expert.id } } }));
      onRetired();
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }

  return (
    <Dialog title={text.experts.retireTitle(expert.name)} onClose={onClose}>
      <p>{text.experts.retireHelp}</p>
      {shared && (
        <p className="note" role="alert">
          {text.experts.notYours}
        </p>
      )}
      {error !== null && !shared && <Trouble error={error} />}
      <div className="buttons end">
        <button type="button" className="button" onClick={onClose}>
          {text.cancel}
        </button>
        <button
          type="button"
          className="button danger"
          disabled={busy || shared}
          onClick={() => void retire()}
        >
          {text.experts.retire}
        </button>
      </div>
    </Dialog>
  );
}

interface CardProps {
  readonly expert: Expert;
  readonly place: number;
  readonly onEdit: (() => void) | null;
  readonly onRetire: (() => void) | null;
}

function ExpertCard({ expert, place, onEdit, onRetire }: CardProps): ReactNode {
  const { role } = useTenant();
  return (
    <article className="card expert-card">
      <header>
        <Avatar name={expert.name} seat={place} />
        <div>
          <h2>{expert.name}</h2>
          <p className="hint">{expert.title}</p>
        </div>
      </header>
      <p>{expert.summary}</p>
      <p className="panel-card-top">
        <span className="chip">{expert.domain}</span>
        <span className="chip">{expert.temperament}</span>
      </p>
      <details>
        <summary>{text.experts.tags}</summary>
        <p className="hint">{expert.tags.join(", ")}</p>
        <p className="hint">
          {text.experts.id} <span className="mono">{expert.id}</span> · {text.experts.version}{" "}
          {expert.version}
        </p>
        {role !== "guest" && (
          <p className="card-links">
            <Link className="link" href={`/new/?expert=${expert.id}`}>
              {text.experts.ask}
            </Link>
            {onEdit && (
              <button
                type="button"
                className="link"
                aria-label={text.experts.editOne(expert.name)}
                onClick={onEdit}
              >
                {text.experts.edit}
              </button>
            )}
            {onRetire && (
              <button
                type="button"
                className="link"
                aria-label={text.experts.retireOne(expert.name)}
                onClick={onRetire}
              >
                {text.experts.retire}
              </button>
            )}
          </p>
        )}
      </details>
    </article>
  );
}
