// A host for the tests of the networks keeper: made by hand, and changed by the keeper's steps as the kernel would.
import type {
  HaveAddress,
  HaveLink,
  HaveRoute,
  HostState,
} from '../../../daemons/network-manager/networks/host-state.ts';
import type { Step } from '../../../daemons/network-manager/networks/steps.ts';
import { networkOf, parseCidr, parseInterface, renderCidr } from '../../../daemons/shared/model/ip.ts';

export const paths = { blocks: '/run/corral/blocks', cniConf: '/etc/cni' };

export function link(index: number, name: string, rest: Partial<HaveLink> = {}): HaveLink {
  return {
    index,
    name,
    kind: undefined,
    mac: '02:00:00:00:00:99',
    mtu: 1500,
    up: true,
    alias: undefined,
    master: undefined,
    ...rest,
  };
}

export function address(index: number, text: string): HaveAddress {
  return { index, ...parseInterface(text)! };
}

export function route(dst: string, rest: Partial<HaveRoute> = {}): HaveRoute {
  return {
    dst: parseCidr(dst)!,
    type: 'unicast',
    index: undefined,
    metric: 0,
    hasGateway: false,
    own: false,
    ...rest,
  };
}

export const emptyHost: HostState = {
  links: [link(1, 'lo', { mtu: 65_536 }), link(2, 'eth0'), link(3, 'eth1', { mtu: 9000 })],
  addresses: [address(1, '127.0.0.1/8'), address(2, '192.0.2.10/24')],
  routes: [route('0.0.0.0/0', { index: 2, hasGateway: true }), route('192.0.2.0/24', { index: 2 })],
  sysctls: new Map([['net/ipv4/ip_forward', '0']]),
  files: new Map(),
};

/** The host once the steps are done; refuses what the kernel refuses. */
export function afterSteps(host: HostState, steps: readonly Step[]): HostState {
  return steps.reduce(afterStep, host);
}

function afterStep(have: HostState, step: Step): HostState {
  const indexOf = (name: string): number => {
    const found = have.links.find((one) => one.name === name);
    if (!found) throw new Error(`no device ${name}`);
    return found.index;
  };
  switch (step.do) {
    case 'forwarding':
      return { ...have, sysctls: new Map([...have.sysctls, ['net/ipv4/ip_forward', '1']]) };
    case 'forwarding6': {
      const accepted = step.uplinks.map((name) => [`net/ipv6/conf/${name}/accept_ra`, '2'] as const);
      return { ...have, sysctls: new Map([...have.sysctls, ['net/ipv6/conf/all/forwarding', '1'], ...accepted]) };
    }
    case 'sysctl':
      return { ...have, sysctls: new Map([...have.sysctls, [step.path, step.value]]) };
    case 'unreachable': {
      const made = route(renderCidr(step.subnet), { type: 'unreachable', metric: 0xffffffff, own: true });
      return { ...have, routes: [...have.routes, made] };
    }
    case 'bridge': {
      const old = have.links.find((one) => one.name === step.name);
      const index = old?.index ?? Math.max(...have.links.map((one) => one.index)) + 1;
      const { mac, mtu, alias } = step;
      const made = link(index, step.name, { kind: 'bridge', mac, mtu, alias });
      return { ...have, links: [...have.links.filter((one) => one !== old), made] };
    }
    case 'address': {
      const index = indexOf(step.bridge);
      const { address, prefix } = step;
      const connected = route(renderCidr({ base: networkOf(address, prefix), prefix }), { index });
      return {
        ...have,
        addresses: [...have.addresses, { index, address, prefix }],
        routes: [connected, ...have.routes],
      };
    }
    case 'block-route': {
      const made = route(renderCidr(step.cidr), { index: indexOf(step.bridge), own: true });
      return { ...have, routes: [...have.routes, made] };
    }
    case 'file':
      return { ...have, files: new Map([...have.files, [step.path, step.body]]) };
    case 'drop-address': {
      const isIt = (one: HaveAddress): boolean =>
        one.index === step.index && one.address === step.address && one.prefix === step.prefix;
      const connected = renderCidr({ base: networkOf(step.address, step.prefix), prefix: step.prefix });
      return {
        ...have,
        addresses: have.addresses.filter((one) => !isIt(one)),
        routes: have.routes.filter(({ own, dst }) => own || renderCidr(dst) !== connected),
      };
    }
    default:
      throw new Error(`the fake host does not know ${step.do}`);
  }
}
