// Pure: one line a step, for logs and for `corral diff`.
import { renderAddress, renderRange } from '../addresses.ts';
import type { TunnelStep } from './tunnel-state.ts';

export function describeStep(step: TunnelStep): string {
  switch (step.do) {
    case 'create':
      return `make device ${step.device}: wireguard mtu ${step.mtu}`;
    case 'alter':
      return `change device ${step.device}: ${Object.entries(step.changes)
        .map(([name, value]) => (value === true ? name : `${name} ${value}`))
        .join(', ')}`;
    case 'configure':
      return `configure ${step.device}:${step.publicKey ? ` key ${step.publicKey}` : ''}${step.port ? ` port ${step.port}` : ''}`;
    case 'peer':
      return describePeer(step);
    case 'drop-peer':
      return `remove peer ${step.publicKey} from ${step.device}`;
    case 'sysctl':
      return `set ${step.path} to ${step.value}`;
    case 'route': {
      const { dst, src, mtu } = step.route;
      const rest = `${src === undefined ? '' : ` src ${renderAddress(src)}`}${mtu === undefined ? '' : ` mtu ${mtu}`}`;
      return `add route ${renderRange(dst)} dev ${step.device}${rest}`;
    }
    case 'drop-route':
      return `remove route ${renderRange(step.route.dst)} from ${step.device}`;
    case 'drop-device':
      return `remove device ${step.device}`;
    default: {
      const never: never = step;
      return never;
    }
  }
}

function describePeer({
  device,
  publicKey,
  endpoint,
  keepalive,
  allowed,
  replace,
}: Extract<TunnelStep, { do: 'peer' }>): string {
  const parts = [
    endpoint && `at ${renderAddress(endpoint.address)} port ${endpoint.port}`,
    keepalive !== undefined && `keepalive ${keepalive}`,
    allowed && `${replace ? 'with exactly' : 'with'} ${allowed.map(renderRange).join(' ') || 'nothing'}`,
  ];
  return `set peer ${publicKey} of ${device}: ${parts.filter(Boolean).join(', ')}`;
}
