import { useRef } from "react";
import useSWR from "swr";
import { useSession } from "@/session/provider";
import type { UsageReport } from "./cost";
import { hasEnded, type PanelState } from "./fold";

const EVERY = 4000;
/** The last costs come within moments; what is missing after this may be missing for long. */
const PATIENCE = 120_000;

/** In how many milliseconds to read again; 0: it is whole, or has been waited for long enough. */
export function nextRead(report: UsageReport | null | undefined, waited: number): number {
  return (report != null && report.uncosted_calls === 0) || waited >= PATIENCE ? 0 : EVERY;
}

/** What an ended panel used, read until no call's cost is missing; null before, and while it runs. */
export function useUsage(panelId: string, panel: PanelState): UsageReport | null {
  const { api } = useSession();
  const since = useRef<number | null>(null);
  const ended = hasEnded(panel);
  if (ended) since.current ??= Date.now();
  const { data } = useSWR(
    ended ? ["panel-usage", panelId] : null,
    async () => {
      const { data: report, response } = await api.GET("/api/v1/panels/{panel_id}/usage", {
        params: { path: { panel_id: panelId }, header: { "X-Min-Sequence": panel.sequence } },
      });
      // Tables that do not show the panel's end yet know of no call that is missing.
      return response.headers.get("X-Min-Sequence-Reached") === "false" ? null : (report ?? null);
    },
    { refreshInterval: (report) => nextRead(report, Date.now() - (since.current ?? 0)) },
  );
  return data ?? null;
}
