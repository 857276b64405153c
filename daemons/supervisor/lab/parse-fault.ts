// Pure: which fault the words of `corral lab fault` mean.
import { SuiteError } from '../../shared/model/errors.ts';
import { type DaemonName, daemonNames } from '../../shared/model/paths.ts';

export interface FaultWords {
  readonly action: string;
  readonly host: string | undefined;
  readonly daemon: string | undefined;
}

export type Fault =
  | { readonly on: 'store'; readonly action: 'stop' | 'start' | 'empty' | 'pause' | 'resume' }
  | { readonly on: 'cable'; readonly action: 'cut' | 'heal'; readonly host: string }
  | {
      readonly on: 'suite';
      readonly action: 'kill' | 'pause' | 'resume';
      readonly host: string;
      /** Undefined: all of them, the supervisor too. */
      readonly daemon: DaemonName | undefined;
    };

const ofStore = ['stop-store', 'start-store', 'empty-store', 'pause-store', 'resume-store'] as const;
const ofCable = ['cut', 'heal'] as const;
const ofSuite = ['kill', 'pause', 'resume'] as const;

/** @throws SuiteError USAGE naming what is wrong */
export function parseFault({ action, host, daemon }: FaultWords): Fault {
  const store = ofStore.find((one) => one === action);
  if (store !== undefined) {
    if (host !== undefined) throw usage(`give ${action} the host ${host}`, 'There is one store for all hosts');
    return { on: 'store', action: store.replace('-store', '') as 'stop' };
  }
  const cable = ofCable.find((one) => one === action);
  const suite = ofSuite.find((one) => one === action);
  if (cable === undefined && suite === undefined) {
    throw usage(`make the fault ${action}`, `Possible: ${[...ofCable, ...ofSuite, ...ofStore].join(', ')}`);
  }
  if (host === undefined) throw usage(`${action} no host`, `Name one: corral lab fault ${action} h1`);
  if (cable !== undefined) {
    if (daemon !== undefined) throw usage(`${action} ${daemon}`, 'A cable belongs to the whole host');
    return { on: 'cable', action: cable, host };
  }
  return { on: 'suite', action: suite!, host, daemon: daemon === undefined ? undefined : daemonOf(daemon) };
}

function daemonOf(text: string): DaemonName {
  const found = daemonNames.find((name) => name === text);
  if (found !== undefined) return found;
  throw usage(`disturb the daemon ${text}`, `There are: ${daemonNames.join(', ')}`);
}

function usage(attempted: string, hint: string): SuiteError {
  return new SuiteError('USAGE', attempted, { hint });
}
