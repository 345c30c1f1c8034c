import { at, listOf, numberOf, textOf } from "./problem";

/** One protocol as `GET /panel-types` describes it; the answer itself is not typed by the gateway. */
export interface PanelTypeInfo {
  readonly id: string;
  readonly title: string;
  readonly purpose: string;
  readonly available: boolean;
  readonly experts: { readonly min: number; readonly max: number; readonly default: number };
  readonly rounds: { readonly allowed: readonly number[]; readonly default: number };
  readonly threshold: { readonly min: number; readonly max: number; readonly default: number };
  readonly methods: readonly string[];
  readonly minutes: number;
  readonly maxCost: string;
  readonly modelCalls: number;
  readonly moderator: boolean;
  readonly human: boolean;
  readonly quantity: boolean;
}

export function panelTypes(answer: { readonly panel_types: readonly unknown[] }): readonly PanelTypeInfo[] {
  return answer.panel_types.flatMap((entry) => {
    const id = textOf(at(entry, "panel_type"));
    if (id === null) return [];
    const experts = at(entry, "experts");
    const rounds = at(entry, "rounds");
    const threshold = at(entry, "threshold");
    const configuration = at(entry, "configuration");
    return {
      id,
      title: textOf(at(entry, "title")) ?? id,
      purpose: textOf(at(entry, "purpose")) ?? "",
      available: at(entry, "available") === true,
      experts: {
        min: numberOf(at(experts, "min")) ?? 3,
        max: numberOf(at(experts, "max")) ?? 12,
        default: numberOf(at(experts, "default")) ?? 5,
      },
      rounds: {
        allowed: listOf(at(rounds, "allowed")).flatMap((value) => numberOf(value) ?? []),
        default: numberOf(at(rounds, "default")) ?? 1,
      },
      threshold: {
        min: numberOf(at(threshold, "min")) ?? 0.5,
        max: numberOf(at(threshold, "max")) ?? 1,
        default: numberOf(at(threshold, "default")) ?? 0.7,
      },
      methods: listOf(at(entry, "methods")).flatMap((value) => textOf(value) ?? []),
      minutes: numberOf(at(configuration, "time_limit_minutes")) ?? 15,
      maxCost: textOf(at(configuration, "max_cost_usd")) ?? "",
      modelCalls: numberOf(at(entry, "model_calls")) ?? 0,
      moderator: at(entry, "moderator") === true,
      human: at(entry, "human") === true,
      quantity: at(entry, "quantity") === true,
    };
  });
}
