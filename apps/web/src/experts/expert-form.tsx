"use client";

import { type FormEvent, type ReactNode, useId, useState } from "react";
import useSWR from "swr";
import { type Api, bodyOf as answerOf } from "@/api/client";
import { Problem } from "@/api/problem";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Counter } from "@/ui/counter";
import { Dialog } from "@/ui/dialog";
import { Spinner, Trouble } from "@/ui/states";
import {
  bodyOf,
  draftOf,
  type Expert,
  type ExpertDraft,
  type Field,
  faultsOf,
  LENGTHS,
  NEW_EXPERT,
  slugOf,
  TEMPERAMENTS,
} from "./expert-draft";
import { read } from "./reading";

interface Props {
  /** Who is edited; null: a new expert. */
  readonly expert: Expert | null;
  /** Ids of the tenant's own experts, as far as the catalogue shows them: not of the retired ones. */
  readonly own: readonly string[];
  readonly domains: readonly string[];
  onSaved(expert: Expert): void;
  onClose(): void;
}

/** Create an expert, or publish the next version of one, from what it is now. */
export function ExpertForm(props: Props): ReactNode {
  const { expert, onClose } = props;
  const { api } = useSession();
  const own = expert?.own ? expert : null;
  // Read anew by each opening, and not again while it is open: what is being typed stays.
  const [opened] = useState(Date.now);
  const { data, error, mutate } = useSWR(
    own === null ? null : (["expert", own, opened] as const),
    ([, known]) => read(api, known),
    { revalidateOnFocus: false, revalidateOnReconnect: false },
  );
  const blank = expert === null ? NEW_EXPERT : draftOf(expert);
  const [typed, setTyped] = useState(false);
  const [leaving, setLeaving] = useState(false);
  return (
    <>
      <Dialog
        title={expert === null ? text.experts.create : text.experts.editTitle(expert.name)}
        onClose={onClose}
        {...(typed && { onEscape: () => setLeaving(true) })}
      >
        {error !== undefined && <Trouble error={error} onRetry={() => void mutate()} />}
        {own !== null && data === undefined && error === undefined && <Spinner label={text.loading} />}
        {(own === null || data !== undefined) && (
          <Fields
            {...props}
            initial={data ? draftOf(data, data.instructions ?? "") : blank}
            onTyped={() => setTyped(true)}
          />
        )}
      </Dialog>
      {leaving && (
        <Dialog title={text.experts.leaveTitle} onClose={() => setLeaving(false)}>
          <p>{text.experts.leaveHelp}</p>
          <div className="buttons end">
            <button type="button" className="button" onClick={() => setLeaving(false)}>
              {text.experts.keepEditing}
            </button>
            <button type="button" className="button danger" onClick={onClose}>
              {text.experts.leave}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function Fields({
  expert,
  own,
  domains,
  initial,
  onTyped,
  onSaved,
  onClose,
}: Props & { readonly initial: ExpertDraft; onTyped(): void }): ReactNode {
  const { api } = useSession();
  const list = useId();
  const [draft, setDraft] = useState(initial);
  const [named, setNamed] = useState(expert !== null);
  const [tried, setTried] = useState(false);
  const [saving, setSaving] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const faults = tried ? faultsOf(draft) : [];
  // Also where a shared expert was to be made ours, whose copy somebody retired meanwhile.
  const [takenId, setTakenId] = useState<string | null>(null);
  const isRetired = takenId !== null && !own.includes(takenId);
  const set = (part: Partial<ExpertDraft>): void => {
    onTyped();
    setDraft((now) => ({ ...now, ...part }));
  };

  async function save(publish: typeof published): Promise<void> {
    setTried(true);
    if (faultsOf(draft).length > 0 || saving) return;
    setSaving(true);
    setError(null);
    setTakenId(null);
    try {
      onSaved(await publish(api, draft));
    } catch (failure) {
      const isTaken = publish === published && failure instanceof Problem && failure.status === 409;
      if (isTaken) setTakenId(draft.id);
      else setError(failure);
      setSaving(false);
    }
  }
  function submit(event: FormEvent): void {
    event.preventDefault();
    // Of a shared expert the tenant gets its own copy, under the same id.
    void save(expert?.own ? revised : published);
  }

  const complaint = (field: Field): string => {
    const told =
      error instanceof Problem ? error.fields.get(`/${field === "id" ? "agent_id" : field}`) : undefined;
    if (told !== undefined) return told;
    if (!faults.includes(field)) return "";
    const [least, most] = LENGTHS[field];
    return field === "id" ? text.experts.badId : text.experts.between(least, most);
  };

  return (
    <form className="expert-form" onSubmit={submit} noValidate>
      {expert !== null && (
        <p className="hint">{expert.own ? text.experts.editHelp : text.experts.copyHelp}</p>
      )}
      <Line
        field="name"
        draft={draft}
        complaint={complaint("name")}
        onChange={(name) => set({ name, ...(named ? {} : { id: slugOf(name) }) })}
      />
      <Line field="title" draft={draft} complaint={complaint("title")} onChange={(title) => set({ title })} />
      <div className="pair">
        <Line
          field="domain"
          draft={draft}
          list={list}
          complaint={complaint("domain")}
          onChange={(domain) => set({ domain })}
        />
        <label className="field">
          <span>{text.experts.temperament}</span>
          <select
            value={draft.temperament}
            onChange={(event) =>
              set({ temperament: TEMPERAMENTS.find((one) => one === event.target.value) ?? "balanced" })
            }
          >
            {TEMPERAMENTS.map((one) => (
              <option key={one} value={one}>
                {text.experts.temperaments[one]}
              </option>
            ))}
          </select>
        </label>
      </div>
      <datalist id={list}>
        {domains.map((domain) => (
          <option key={domain} value={domain} />
        ))}
      </datalist>
      <label className="field">
        <span>{text.experts.tagsField}</span>
        <input value={draft.tags} onChange={(event) => set({ tags: event.target.value })} />
      </label>
      <Line
        field="summary"
        draft={draft}
        rows={2}
        complaint={complaint("summary")}
        onChange={(summary) => set({ summary })}
      />
      <Line
        field="instructions"
        draft={draft}
        rows={6}
        complaint={complaint("instructions")}
        help={expert?.own === false ? text.experts.instructionsAgain : text.experts.instructionsHelp}
        onChange={(instructions) => set({ instructions })}
      />
      {expert === null && (
        <Line
          field="id"
          draft={draft}
          complaint={complaint("id")}
          help={text.experts.idHelp}
          onChange={(id) => {
            setNamed(true);
            set({ id });
          }}
        />
      )}
      {takenId !== null && (
        <p className="trouble" role="alert">
          {isRetired ? text.experts.wasTaken : text.experts.taken}
        </p>
      )}
      {isRetired && takenId === draft.id && (
        <button type="button" className="button small" disabled={saving} onClick={() => void save(revised)}>
          {text.experts.bringBack}
        </button>
      )}
      {error !== null && <Trouble error={error} />}
      <div className="buttons end">
        <button type="button" className="button" onClick={onClose}>
          {text.cancel}
        </button>
        <button type="submit" className="button primary" disabled={saving}>
          {saving ? text.experts.saving : expert === null ? text.experts.publish : text.experts.save}
        </button>
      </div>
    </form>
  );
}

interface LineProps {
  readonly field: Field;
  readonly draft: ExpertDraft;
  readonly complaint: string;
  readonly help?: string;
  /** Lines of text; absent: one. */
  readonly rows?: number;
  readonly list?: string;
  onChange(value: string): void;
}

function Line({ field, draft, complaint, help, rows, list, onChange }: LineProps): ReactNode {
  const id = useId();
  const [, most] = LENGTHS[field];
  const { length } = draft[field].trim();
  const counted = rows !== undefined || length > most;
  const shared = {
    id,
    value: draft[field],
    "aria-invalid": complaint !== "" || length > most,
    "aria-describedby": `${id}-help ${id}-trouble`,
    onChange: (event: { target: { value: string } }) => onChange(event.target.value),
  };
  return (
    <div className="field">
      <label htmlFor={id}>{text.experts.fields[field]}</label>
      {rows === undefined ? <input {...shared} list={list} /> : <textarea {...shared} rows={rows} />}
      {(help !== undefined || counted) && (
        <div className="field-foot">
          <p className="hint" id={`${id}-help`}>
            {help}
          </p>
          {counted && <Counter length={length} limit={most} />}
        </div>
      )}
      <p className="trouble" id={`${id}-trouble`} role="alert">
        {complaint}
      </p>
    </div>
  );
}

async function published(api: Api, draft: ExpertDraft): Promise<Expert> {
  return await answerOf(api.POST("/api/v1/agents", { body: { ...bodyOf(draft), agent_id: draft.id } }));
}

async function revised(api: Api, draft: ExpertDraft): Promise<Expert> {
  return await answerOf(
    api.PUT("/api/v1/agents/{agent_id}", { params: { path: { agent_id: draft.id } }, body: bodyOf(draft) }),
  );
}
