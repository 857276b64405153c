// What the dashboard and the alert rules in docs/grafana ask for.
import { parse } from 'yaml';
import { readSource } from './sources.ts';

export interface Asked {
  /** Panel or alert. */
  readonly title: string;
  readonly expr: string;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly expr: string }[];
}

export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

export const dashboard = JSON.parse(readSource('docs/grafana/corral-dashboard.json')) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly query: unknown }[] };
};

const rules = parse(readSource('docs/grafana/corral-alerts.yaml')) as { groups: { rules: Alert[] }[] };
export const alerts: readonly Alert[] = rules.groups.flatMap((group) => group.rules);

export const asked: readonly Asked[] = [
  ...dashboard.panels.flatMap(({ title, targets }) => (targets ?? []).map(({ expr }) => ({ title, expr }))),
  ...dashboard.templating.list.map(({ name, query }) => ({ title: `variable ${name}`, expr: JSON.stringify(query) })),
  ...alerts.map(({ alert, expr }) => ({ title: alert, expr })),
];

/** Names of Corral's metrics in an expression, as they stand there (`…_bucket` of a histogram). */
export function metricsIn(expr: string): string[] {
  return expr.match(/\bcorral_\w+/g) ?? [];
}

/** Names and the labels that are asked of each: `corral_x{code="A"}` asks for `code`. */
export function labelsIn(expr: string): { metric: string; label: string }[] {
  return [...expr.matchAll(/\b(corral_\w+)\{([^}]*)\}/g)].flatMap(([, metric = '', inside = '']) =>
    [...inside.matchAll(/(\w+)\s*(?:=~|!=|!~|=)/g)].map(([, label = '']) => ({ metric, label })),
  );
}

/** The family to which a sample's name belongs. */
export function familyOf(name: string, families: ReadonlySet<string>): string | undefined {
  return [name, name.replace(/_(bucket|sum|count)$/, '')].find((one) => families.has(one));
}
