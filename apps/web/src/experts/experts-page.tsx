"use client";

import Link from "next/link";
import { type ReactNode, useDeferredValue, useState } from "react";
import useSWR from "swr";
import { bodyOf } from "@/api/client";
import { haystack } from "@/ask/agent-selector";
import { useTenant } from "@/branding/brand";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Avatar } from "@/ui/avatar";
import { Dialog } from "@/ui/dialog";
import { Empty, Skeletons, Trouble } from "@/ui/states";
import type { Expert } from "./expert-draft";
import { ExpertForm } from "./expert-form";

const WHOSE = ["all", "own", "shared"] as const;

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
  const [whose, setWhose] = useState<(typeof WHOSE)[number]>("all");
  const [editing, setEditing] = useState<Expert | "new" | null>(null);
  const [retiring, setRetiring] = useState<Expert | null>(null);
  const [notice, setNotice] = useState("");
  const wanted = useDeferredValue(words.toLowerCase());
  const manages = role === "owner" || role === "admin";
  // Reserve seats exist for load tests: they can be named, but are not offered.
  const offered = data
    ?.filter((expert) => !expert.bench)
    .toSorted((one, other) => Number(other.own) - Number(one.own) || one.name.localeCompare(other.name));
  const domains = [...new Set(offered?.map((expert) => expert.domain))].toSorted();
  const found = offered?.filter(
    (expert) =>
      (domain === "" || expert.domain === domain) &&
      (whose === "all" || expert.own === (whose === "own")) &&
      haystack(expert).includes(wanted),
  );
  const anyOwn = offered?.some((expert) => expert.own) ?? false;
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
        {anyOwn && (
          <fieldset className="segmented">
            <legend className="unseen">{text.experts.whose}</legend>
            {WHOSE.map((one) => (
              <label key={one}>
                <input
                  type="radio"
                  name="whose"
                  className="unseen"
                  checked={whose === one}
                  onChange={() => setWhose(one)}
                />
                <span>{text.experts.whoses[one]}</span>
              </label>
            ))}
          </fieldset>
        )}
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
              onRetire={manages && expert.own ? () => setRetiring(expert) : null}
            />
          </li>
        ))}
      </ul>
      {editing !== null && (
        <ExpertForm
          expert={editing === "new" ? null : editing}
          own={(data ?? []).filter((expert) => expert.own).map((expert) => expert.id)}
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
          onRetired={(now) => {
            shown(retiring.id, now.own ? null : now);
            setNotice(now.own ? text.experts.retired(retiring.name) : text.experts.sharedAgain(now.name));
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
  /** `now`: the shared expert that takes its place again, or else the retired one itself. */
  onRetired(now: Expert): void;
  onClose(): void;
}): ReactNode {
  const { api } = useSession();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  async function retire(): Promise<void> {
    setBusy(true);
    setError(null);
    try {
      onRetired(
        await bodyOf(api.DELETE("/api/v1/agents/{agent_id}", { params: { path: { agent_id: expert.id } } })),
      );
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  }

  return (
    <Dialog title={text.experts.retireTitle(expert.name)} onClose={onClose}>
      <p>{text.experts.retireHelp}</p>
      <p>{text.experts.retireShared}</p>
      <p className="hint">{text.experts.retireBack(expert.id)}</p>
      {error !== null && <Trouble error={error} />}
      <div className="buttons end">
        <button type="button" className="button" onClick={onClose}>
          {text.cancel}
        </button>
        <button type="button" className="button danger" disabled={busy} onClick={() => void retire()}>
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
        {expert.own && <span className="chip own">{text.experts.own}</span>}
        <span className="chip">{expert.domain}</span>
        <span className="chip">{text.experts.temperaments[expert.temperament] ?? expert.temperament}</span>
      </p>
      <details>
        <summary>{text.experts.tags}</summary>
        <p className="hint">{expert.tags.join(", ")}</p>
        <p className="hint">
          {text.experts.id} <span className="mono">{expert.id}</span> · {text.experts.version}{" "}
          {expert.version}
        </p>
      </details>
      {role !== "guest" && (
        <footer className="card-links">
          <Link className="link" href={`/new/?expert=${expert.id}`}>
            {text.experts.ask}
          </Link>
          {onEdit && (
            <button
              type="button"
              className="link"
              aria-label={
                expert.own ? text.experts.editOne(expert.name) : text.experts.customiseOne(expert.name)
              }
              onClick={onEdit}
            >
              {expert.own ? text.experts.edit : text.experts.customise}
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
        </footer>
      )}
    </article>
  );
}
