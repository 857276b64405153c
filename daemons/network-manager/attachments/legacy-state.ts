// Pure: the state file of a container in the words that Rancher's agent reads after it has started one: the CNI result of
// version 0.2.0 whatever the plugins spoke, or an error, with which the agent gives the start up.
import type { CniResult } from '../../../cni-plugins/library.ts';
import { renderResult } from '../../../cni-plugins/shared/render-result.ts';

export function renderState(result: CniResult): string {
  return `${JSON.stringify(renderResult(result, '0.2.0'))}\n`;
}

export function renderStateError(text: string): string {
  return `${JSON.stringify({ error: `Couldn't bring up network: ${text.slice(0, 2_000)}` })}\n`;
}

/** The engine's text as the name of a file, colons and all; undefined for what is no time. */
export function stateFileName(startedAt: string): string | undefined {
  return /^\d{4}-\d\d-\d\dT[0-9:.]{1,32}(Z|[+-]\d\d:\d\d)$/.test(startedAt) ? startedAt : undefined;
}
