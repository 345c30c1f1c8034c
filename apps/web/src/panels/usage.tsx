"use client";

import { type ReactNode, useState } from "react";
import useSWR, { type SWRResponse } from "swr";
import { bodyOf, type Schemas } from "@/api/client";
import { at, textOf } from "@/api/problem";
import { useTenant } from "@/branding/brand";
import { type Amount, Bars, Chart, Columns, type Measure } from "@/charts/bars";
import { compact, money } from "@/format";
import { useSession } from "@/session/provider";
import { text } from "@/text";
import { Spinner, Trouble } from "@/ui/states";
import { typeName } from "@/ui/status";

/** Share of the budget from which its bar warns. */
const NEARLY = 0.8;

type Group = "day" | "agent" | "panel_type";

type Report = Schemas["UsageReport"];

function useUsage(group: Group): SWRResponse<Report, unknown> {
  const { api } = useSession();
  return useSWR(["usage", group], () =>
    bodyOf(api.GET("/api/v1/usage", { params: { query: { group_by: group } } })),
  );
}

/** What this month's panels used: tokens, cost, and what is left. */
export function Usage(): ReactNode {
  const days = useUsage("day");
  const agents = useUsage("agent");
  const types = useUsage("panel_type");
  const { api } = useSession();
  const catalogue = useSWR("agents", async () => (await bodyOf(api.GET("/api/v1/agents"))).agents);
  const names = new Map(catalogue.data?.map((expert) => [expert.id, expert.name]));
  const { role } = useTenant();
  const report = days.data;
  const [measure, setMeasure] = useState<Measure>("tokens");
  return (
    <section className="usage" aria-labelledby="usage">
      <div className="page-head">
        <h2 id="usage">{text.usage.title}</h2>
        {role !== "owner" && role !== "admin" && <p className="hint">{text.usage.own}</p>}
      </div>
      {days.error !== undefined && <Trouble error={days.error} onRetry={() => void days.mutate()} />}
      {report && (
        <>
          <Totals report={report} />
          {report.tokens_used === 0 ? (
            <p className="hint">{text.usage.empty}</p>
          ) : (
            <>
              <fieldset className="segmented">
                <legend className="unseen">{text.usage.measure}</legend>
                {(["tokens", "cost"] as const).map((one) => (
                  <label key={one}>
                    <input
                      type="radio"
                      name="usage-measure"
                      className="unseen"
                      checked={measure === one}
                      onChange={() => setMeasure(one)}
                    />
                    <span>{text.usage.measures[one]}</span>
                  </label>
                ))}
              </fieldset>
              <div className="charts">
                <Columns
                  title={text.usage.byDay(measure)}
                  label={text.usage.day}
                  measure={measure}
                  rows={daysOf(report)}
                />
                <Shares
                  title={text.usage.byExpert}
                  measure={measure}
                  usage={agents}
                  name={(key) => names.get(key) ?? text.roles[key] ?? key}
                />
                <Shares title={text.usage.byType} measure={measure} usage={types} name={typeName} />
              </div>
            </>
          )}
        </>
      )}
    </section>
  );
}

function Shares({
  title,
  measure,
  usage,
  name,
}: {
  readonly title: string;
  readonly measure: Measure;
  readonly usage: SWRResponse<Report, unknown>;
  name(key: string): string;
}): ReactNode {
  if (usage.data !== undefined)
    return <Bars title={title} measure={measure} rows={rowsOf(usage.data, name)} />;
  return (
    <Chart title={title}>
      {usage.error === undefined ? (
        <Spinner label={text.loading} />
      ) : (
        <Trouble error={usage.error} onRetry={() => void usage.mutate()} />
      )}
    </Chart>
  );
}

function Totals({ report }: { readonly report: Report }): ReactNode {
  const { limits } = useTenant();
  const budget = report.budget;
  const month = limits?.["panels_per_month"] as { limit?: number; remaining?: number } | undefined;
  const spent = Number(budget?.spent ?? 0);
  const reserved = Number(textOf(at(budget, "reserved")) ?? 0);
  const limit = budget?.limit == null ? null : Number(budget.limit);
  return (
    <dl className="totals">
      <div className="card">
        <dt>{text.panel.tokens}</dt>
        <dd>{compact(report.tokens_used ?? 0)}</dd>
        <dd className="hint">{text.usage.calls(report.calls ?? 0)}</dd>
      </div>
      <div className="card">
        <dt>{text.usage.cost}</dt>
        <dd>{report.cost_usd == null ? "–" : money(report.cost_usd)}</dd>
        <dd className="hint">
          {(report.unpriced_calls ?? 0) > 0
            ? text.usage.unpriced(report.unpriced_calls ?? 0)
            : text.usage.panels(report.panels_count ?? 0)}
        </dd>
      </div>
      <div className="card">
        <dt>{text.usage.spent}</dt>
        <dd>{money(spent)}</dd>
        {limit === null ? (
          <dd className="hint">{text.usage.noBudget}</dd>
        ) : (
          <dd className="hint">
            <span
              className={`level-bar stacked ${spent + reserved >= limit * NEARLY ? "nearly" : ""}`}
              aria-hidden="true"
            >
              <span style={{ width: share(spent, limit) }} />
              <span className="reserved" style={{ width: share(reserved, limit) }} />
            </span>
            {text.usage.spentOf(money(spent), money(limit))}
            {reserved > 0 && ` · ${text.usage.reserved(money(reserved))}`}
          </dd>
        )}
      </div>
      {month?.limit !== undefined && (
        <div className="card">
          <dt>{text.usage.month}</dt>
          <dd>{month.limit - (month.remaining ?? 0)}</dd>
          <dd className="hint">{text.usage.left(month.remaining ?? 0, month.limit)}</dd>
        </div>
      )}
    </dl>
  );
}

function share(part: number, whole: number): string {
  return `${whole > 0 ? Math.min(1, part / whole) * 100 : 100}%`;
}

/** Every day of the period, those without use too: a gap is a fact. */
function daysOf(report: Report): readonly Amount[] {
  const used = new Map(report.groups?.map((group) => [group.key, group]));
  const days: Amount[] = [];
  const end = Date.parse(report.end ?? "");
  for (let day = Date.parse(report.start ?? ""); day < end && days.length < 62; day += 86_400_000) {
    const key = new Date(day).toISOString().slice(0, 10);
    days.push(amountOf(key, used.get(key)));
  }
  return days;
}

function rowsOf(report: Report, name: (key: string) => string): readonly Amount[] {
  return (report.groups ?? []).map((group) =>
    amountOf(group.key == null ? text.usage.noKey : name(group.key), group),
  );
}

function amountOf(
  key: string,
  group: { readonly tokens_used?: number; readonly cost_usd?: string | null } | undefined,
): Amount {
  return {
    key,
    tokens: group?.tokens_used ?? 0,
    cost: group?.cost_usd == null ? null : Number(group.cost_usd),
  };
}
