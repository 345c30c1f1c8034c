"use client";

import { useRouter, useSearchParams } from "next/navigation";
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import useSWR from "swr";
import { bodyOf as answerOf, type Schemas } from "@/api/client";
import { type PanelTypeInfo, panelTypes } from "@/api/panel-types";
import { Problem } from "@/api/problem";
import { useTenant } from "@/branding/brand";
import { money } from "@/format";
import { useSession } from "@/session/provider";
import { isPassing } from "@/session/retry";
import { ownerOf } from "@/session/store";
import { text } from "@/text";
import { Spinner, Trouble } from "@/ui/states";
import { type Again, draftKey, draftOf, earlierIn, forgetUnowned, remember, remembered } from "./again";
import { AgentSelector } from "./agent-selector";
import {
  BLANK,
  bodyOf,
  type Draft,
  type Fault,
  faultsOf,
  forecasts,
  isBlank,
  limitsOf,
  parseDraft,
  replaces,
} from "./draft";
import { choiceIn } from "./either-or";
import { AdvancedOptions, EvidenceInput, OptionsInput } from "./extras";
import { PanelTypeSelector } from "./panel-type-selector";
import { Estimate } from "./proposal";
import { QuantityInput } from "./quantity-input";
import { QueryInput } from "./query-input";
import { newWish } from "./wish";

/** `/new/`: waits for what the form needs to know of the server. */
export function CreatePanelPage(): ReactNode {
  const session = useSession();
  const { api, tenant: tenantId } = session;
  const tenant = useTenant();
  // Once: the address forgets it as soon as the form is changed, so that a reload keeps what was changed since.
  const [{ again, after }] = useState(earlierIn(useSearchParams()));
  const earlier = useSWR(again === null ? null : ["again", again], () =>
    answerOf(
      api.GET("/api/v1/panels/{panel_id}", {
        params: { path: { panel_id: again ?? "" }, header: { "X-Min-Sequence": after } },
      }),
    ),
  );
  const types = useSWR("panel-types", async () => panelTypes(await answerOf(api.GET("/api/v1/panel-types"))));
  const blocked = tenant.role === "guest" ? text.ask.guest : tenant.may_create ? null : text.ask.barred;
  useEffect(() => forgetUnowned(tenantId, localStorage, sessionStorage), [tenantId]);
  const isWaiting =
    (types.data === undefined && types.error === undefined) ||
    (again !== null && earlier.data === undefined && earlier.error === undefined);
  // A form is filled once: it waits for a panel that may be read the next time.
  const mayCome = earlier.data === undefined && isPassing(earlier.error);
  return (
    <main className="page form-page" id="content">
      <h1>{text.ask.title}</h1>
      <p className="lead">{text.ask.lead}</p>
      {blocked !== null && <p className="banner wait">{blocked}</p>}
      {types.error !== undefined && <Trouble error={types.error} onRetry={() => void types.mutate()} />}
      {earlier.error !== undefined && <Trouble error={earlier.error} onRetry={() => void earlier.mutate()} />}
      {isWaiting && <Spinner label={text.loading} />}
      {types.data && !isWaiting && !mayCome && blocked === null && (
        <CreatePanelForm types={types.data} owner={ownerOf(session)} earlier={earlier.data ?? null} />
      )}
    </main>
  );
}

interface FormProps {
  readonly types: readonly PanelTypeInfo[];
  /** Who asks: the draft is kept for nobody else. */
  readonly owner: string;
  /** The panel whose question is asked again; null: a new question. */
  readonly earlier: Schemas["PanelView"] | null;
}

export function CreatePanelForm({ types, owner, earlier }: FormProps): ReactNode {
  const { api } = useSession();
  const { limits } = useTenant();
  const catalogue = useSWR("agents", async () => (await answerOf(api.GET("/api/v1/agents"))).agents);
  const router = useRouter();
  const parameters = useSearchParams();
  const [again, setAgain] = useState(() => (earlier === null ? null : filledFrom(earlier, types, owner)));
  const [kept] = useState(() => parseDraft(localStorage.getItem(draftKey(owner))));
  const [draft, setDraft] = useState<Draft>(() => again?.draft ?? { ...kept, ...fromAddress(parameters) });
  const isFilledIn = parameters.has("again") || parameters.has("expert");
  // What the address filled in takes the place of a draft when somebody works on it, and not before.
  const [isKept, setIsKept] = useState(!isFilledIn);
  const [waiting, setWaiting] = useState(() => (replaces(kept, draft) ? kept : null));
  const [tried, setTried] = useState(false);
  const [sending, setSending] = useState(false);
  const [error, setError] = useState<unknown>(null);
  // One key for one wish: kept until it is answered, so that a repeat after a lost answer asks nothing twice.
  const key = useRef<{ readonly body: string; readonly value: string } | null>(null);
  const wait = useRef(false);

  useEffect(() => {
    if (!isKept) return;
    if (isFilledIn) history.replaceState(null, "", "/new/");
    try {
      if (isBlank(draft)) localStorage.removeItem(draftKey(owner));
      else localStorage.setItem(draftKey(owner), JSON.stringify(draft));
    } catch {
      // It is more than the browser may keep, and more than can be asked.
    }
  }, [isFilledIn, isKept, draft, owner]);

  const type =
    types.find((one) => one.id === draft.type && one.available) ??
    types.find((one) => one.available) ??
    types[0];
  if (type === undefined) return null;
  const bounds = limitsOf(limits);
  const faults = faultsOf(draft, type, bounds);
  const shown: readonly Fault[] = tried ? faults : [];
  const change = (part: Partial<Draft>): void => {
    setIsKept(true);
    setDraft((now) => ({ ...now, ...part }));
  };

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    setTried(true);
    if (faults.length > 0 || wait.current || type === undefined) return;
    wait.current = true;
    setSending(true);
    setError(null);
    const body = bodyOf({ ...draft, type: type.id }, type);
    const written = JSON.stringify(body);
    if (key.current?.body !== written) key.current = { body: written, value: newWish() };
    try {
      const created = await answerOf(
        api.POST("/api/v1/panels", { body, params: { header: { "Idempotency-Key": key.current.value } } }),
      );
      if (isKept || again === null) localStorage.removeItem(draftKey(owner));
      remember(owner, created.id, draft, sessionStorage);
      router.push(`/panel/?id=${created.id}`);
    } catch (failure) {
      setError(failure);
      wait.current = false;
      setSending(false);
    }
  }

  const wished = draft.advanced.maxCost.trim();
  const maxCost = Number.isFinite(Number(wished || "none")) ? wished : type.maxCost;
  const query = draft.query.trim().length >= bounds.shortest ? draft.query.trim() : null;
  const usualRounds = (draft.advanced.maxRounds ?? type.rounds.default) === type.rounds.default;
  const complaint = (pointer: string): string | null =>
    error instanceof Problem ? (error.fields.get(pointer) ?? null) : null;
  return (
    <form onSubmit={submit} noValidate>
      {again !== null && (
        <p className="note">
          {text.ask.again} {again.cut.length > 0 && text.ask.evidenceCut(again.cut)}
        </p>
      )}
      {waiting !== null && (
        <div className="note">
          <p>{text.ask.waiting(waiting.query.trim().slice(0, 80))}</p>
          <button
            type="button"
            className="button small"
            onClick={() => {
              change(waiting);
              setWaiting(null);
              setAgain(null);
            }}
          >
            {text.ask.openWaiting}
          </button>
        </div>
      )}
      {draft.parent !== null && (
        <p className="note">
          {text.ask.followUp} <span className="mono">{draft.parent.slice(0, 8)}</span>{" "}
          <button type="button" className="link" onClick={() => change({ parent: null })}>
            {text.ask.dropFollowUp}
          </button>
        </p>
      )}
      <QueryInput
        value={draft.query}
        limits={bounds}
        faults={shown}
        complaint={complaint("/query")}
        onChange={(query) => change({ query })}
      />
      {!forecasts(draft, type) && (
        <OptionsInput
          type={type}
          options={draft.options}
          choice={choiceIn(draft.query)}
          onChange={(options) => change({ options })}
        />
      )}
      <PanelTypeSelector types={types} chosen={type.id} onChange={(id) => change({ type: id })} />
      <AgentSelector
        key={type.id}
        type={type}
        query={query}
        chosen={draft.agents}
        faults={shown}
        complaint={complaint("/agents")}
        onChange={(agents) => change({ agents })}
      />
      {type.quantity && (
        <QuantityInput
          quantity={draft.quantity}
          isRangeWrong={shown.includes("bad range")}
          onChange={(quantity) => change({ quantity })}
        />
      )}
      <EvidenceInput
        evidence={draft.evidence}
        faults={faults}
        onChange={(evidence) => change({ evidence })}
      />
      <AdvancedOptions
        type={type}
        advanced={draft.advanced}
        moderators={(catalogue.data ?? []).filter(
          (expert) => !expert.bench && !draft.agents?.includes(expert.id),
        )}
        onChange={(advanced) => change({ advanced })}
      />
      {error !== null && <Trouble error={error} />}
      {error instanceof Problem && error.fields.size > 0 && (
        <ul className="trouble">
          {[...error.fields].map(([pointer, detail]) => (
            <li key={pointer}>
              <span className="mono">{pointer.slice(1)}</span> {detail}
            </li>
          ))}
        </ul>
      )}
      <div className="submit-row">
        <p className="trouble" role="alert">
          {shown.length > 0 ? text.ask.fix : ""}
        </p>
        <p className="submit-summary">
          <strong>{text.types[type.id]?.name ?? type.title}</strong>{" "}
          {text.ask.summary(
            draft.agents?.length ?? type.experts.default,
            draft.advanced.minutes ?? type.minutes,
          )}
          {usualRounds && (
            <Estimate key={type.id} type={type} query={query} seats={draft.agents?.length ?? null} />
          )}
          {maxCost !== "" && ` · ${text.ask.atMost(money(maxCost))}`}
        </p>
        {isKept && !isBlank(draft) && (
          <span className="hint">
            {text.ask.draft}.{" "}
            <button type="button" className="link" onClick={() => setDraft(BLANK)}>
              {text.ask.discard}
            </button>
          </span>
        )}
        <SubmitButton sending={sending} />
      </div>
    </form>
  );
}

function filledFrom(panel: Schemas["PanelView"], types: readonly PanelTypeInfo[], owner: string): Again {
  const known = draftOf(
    panel,
    types.find((type) => type.id === panel.panel_type),
  );
  const evidence = known.cut.length > 0 ? remembered(owner, panel.id, sessionStorage) : null;
  return evidence === null ? known : { draft: { ...known.draft, evidence }, cut: [] };
}

function fromAddress(parameters: Pick<URLSearchParams, "get">): Partial<Draft> {
  const expert = parameters.get("expert");
  return {
    parent: parameters.get("parent"),
    ...(expert !== null && { agents: [expert] }),
  };
}

export function SubmitButton({ sending }: { readonly sending: boolean }): ReactNode {
  return (
    <button type="submit" className="button primary large" disabled={sending} aria-busy={sending}>
      {sending ? text.ask.submitting : text.ask.submit}
    </button>
  );
}
