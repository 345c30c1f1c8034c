"use client";

import { useRouter } from "next/navigation";
import { type ReactNode, useRef, useState } from "react";
import { authorized, bodyOf, upToDate } from "@/api/client";
import { problemOf } from "@/api/problem";
import { useTenant } from "@/branding/brand";
import { useSession } from "@/session/provider";
import { subjectOf } from "@/session/store";
import { text } from "@/text";
import { useClosing } from "@/ui/closing";
import { Dialog } from "@/ui/dialog";
import { Trouble } from "@/ui/states";
import { hasEnded, type PanelState } from "./fold";
import { resultText } from "./result-text";

/** Whether this user may stop the panel that `asker` asked, or answer as its person. */
export function useMayAct(asker: string | undefined): boolean {
  const { token } = useSession();
  const { role } = useTenant();
  if (role === "owner" || role === "admin") return true;
  return role === "member" && asker !== undefined && asker === subjectOf(token).id;
}

export function PanelActions({
  panelId,
  panel,
}: {
  readonly panelId: string;
  readonly panel: PanelState;
}): ReactNode {
  const mayAct = useMayAct(panel.created?.user_id);
  const { settings, role } = useTenant();
  const router = useRouter();
  if (!hasEnded(panel)) return mayAct ? <CancelButton panelId={panelId} /> : null;
  return (
    <>
      {role !== "guest" && panel.failed !== null && (
        <button
          type="button"
          className="button primary"
          onClick={() => router.push(`/new/?again=${panelId}&after=${panel.sequence}`)}
        >
          {text.result.again}
        </button>
      )}
      {role !== "guest" && (
        <button type="button" className="button" onClick={() => router.push(`/new/?parent=${panelId}`)}>
          {text.result.followUp}
        </button>
      )}
      {panel.completed !== null && <CopyButton panel={panel} />}
      {settings.enable_exports && <ExportMenu panelId={panelId} sequence={panel.sequence} />}
    </>
  );
}

function CancelButton({ panelId }: { readonly panelId: string }): ReactNode {
  const { api } = useSession();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState("");
  const [stopping, setStopping] = useState(false);
  const [error, setError] = useState<unknown>(null);

  async function cancel(): Promise<void> {
    setStopping(true);
    setError(null);
    try {
      await bodyOf(
        api.POST("/api/v1/panels/{panel_id}/cancel", {
          params: { path: { panel_id: panelId } },
          body: { reason },
        }),
      );
      setAsking(false);
    } catch (failure) {
      setError(failure);
      setStopping(false);
    }
  }

  return (
    <>
      <button
        type="button"
        className="button danger"
        disabled={stopping}
        onClick={() => {
          setError(null);
          setAsking(true);
        }}
      >
        {stopping ? text.panel.cancelling : text.panel.cancel}
      </button>
      {error !== null && !asking && <Trouble error={error} />}
      {asking && (
        <Dialog title={text.panel.cancelTitle} onClose={() => setAsking(false)}>
          <p>{text.panel.cancelHelp}</p>
          <label className="field">
            <span>{text.panel.cancelReason}</span>
            <input maxLength={500} value={reason} onChange={(event) => setReason(event.target.value)} />
          </label>
          {error !== null && <Trouble error={error} />}
          <div className="buttons">
            <button type="button" className="button" onClick={() => setAsking(false)}>
              {text.panel.keepRunning}
            </button>
            <button type="button" className="button danger" disabled={stopping} onClick={() => void cancel()}>
              {text.panel.cancel}
            </button>
          </div>
        </Dialog>
      )}
    </>
  );
}

function CopyButton({ panel }: { readonly panel: PanelState }): ReactNode {
  const [outcome, setOutcome] = useState<string | null>(null);
  async function copy(): Promise<void> {
    try {
      // A page that came over plain http has no clipboard.
      await navigator.clipboard.writeText(resultText(panel));
      setOutcome(text.copied);
    } catch {
      setOutcome(text.notCopied);
    }
    setTimeout(() => setOutcome(null), 2000);
  }
  return (
    <button type="button" className="button" onClick={() => void copy()}>
      <span aria-live="polite">{outcome ?? text.result.copy}</span>
    </button>
  );
}

function ExportMenu({
  panelId,
  sequence,
}: {
  readonly panelId: string;
  readonly sequence: number;
}): ReactNode {
  const { access } = useSession();
  const box = useRef<HTMLDetailsElement>(null);
  const [error, setError] = useState<unknown>(null);
  useClosing(box);

  async function save(format: "md" | "json"): Promise<void> {
    setError(null);
    try {
      const response = await authorized(access, (headers) =>
        fetch(`/api/v1/panels/${panelId}/export?format=${format}`, {
          headers: { ...headers, "X-Min-Sequence": String(sequence) },
        }),
      );
      if (!response.ok) throw await problemOf(response);
      // A file outlives the page: it must hold the end that the page shows.
      upToDate(response);
      const address = URL.createObjectURL(await response.blob());
      const link = Object.assign(document.createElement("a"), {
        href: address,
        download: `panel-${panelId}.${format}`,
      });
      link.click();
      URL.revokeObjectURL(address);
      if (box.current) box.current.open = false;
    } catch (failure) {
      setError(failure);
    }
  }

  return (
    <details className="dropdown" ref={box}>
      <summary className="button">{text.result.export}</summary>
      <div className="menu">
        <button type="button" onClick={() => void save("md")}>
          {text.result.exportMd}
        </button>
        <button type="button" onClick={() => void save("json")}>
          {text.result.exportJson}
        </button>
        <button type="button" onClick={() => window.print()}>
          {text.result.print}
        </button>
        {error !== null && <Trouble error={error} />}
      </div>
    </details>
  );
}
