// The IPsec driver: charon makes the security associations, and nothing of a network leaves in the clear, whether or not it does.
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Xfrm } from '../../shared/effects/netlink/xfrm.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import { charonPlaces } from '../../shared/model/ipsec.ts';
import { bridgeSysctls, deviceSysctls } from '../device-settings.ts';
import type { DriverWish, Outcome, OverlayDriver } from '../driver.ts';
import { ensureSettings } from '../ensure-settings.ts';
import { deviceMtu, mtuTo } from '../mtu.ts';
import type { Fault, OverlayNetwork } from '../overlay-network.ts';
import { diffXfrm, keepXfrm, type XfrmNetlink } from './apply-xfrm.ts';
import { Charon } from './charon/charon.ts';
import { externalCharon } from './charon/external.ts';
import { charonDevice, charonDeviceMtu } from './charon/render-config.ts';
import { chooseMode } from './choose-mode.ts';
import { markOfSecret, type OwnSecret } from './credentials.ts';
import { TunnelsKeeper } from './keep-tunnels.ts';
import { readSecret } from './secret-file.ts';
import type { EspMode, IpsecConfig } from './settings.ts';
import { type Credentials, wantConnections } from './want-connections.ts';
import { wantXfrm, xfrmName } from './xfrm-device.ts';

const condition = 'ipsec-esp';

export interface IpsecOptions {
  readonly context: Pick<DaemonContext, 'log' | 'health' | 'paths'>;
  readonly settings: IpsecConfig;
  readonly netlink: XfrmNetlink & Pick<Netlink, 'hasXfrmLinks'>;
  readonly xfrm: Pick<Xfrm, 'hasEsp'>;
  /** The kernel shall answer ARP for the peers' addresses of a flat network. */
  readonly proxies: boolean;
  /** How packets are encrypted is known now: rules follow from it. */
  readonly onMode: () => void;
  /** charon has made a device of its own: it has to be exempt from what blocks. */
  readonly onDevice: () => void;
}

export function ipsecDriver({
  context,
  settings,
  netlink,
  xfrm,
  proxies,
  onMode,
  onDevice,
}: IpsecOptions): OverlayDriver {
  const places = charonPlaces(context.paths.run);
  const isOwn = settings.charon === undefined;
  const socket = settings.charon ?? places.socket;
  const own = new Charon(places);
  let mode: EspMode | undefined;
  let indexes: readonly number[] = [];
  /** What charon's device may carry, which all networks share. */
  let tunMtu = charonDeviceMtu;
  /** No network needs it, and nothing of a former life is left. */
  let isClean = false;
  const furnish = async (): Promise<void> => {
    if (mode !== 'user-space') return;
    ensureSettings(deviceSysctls(charonDevice, true));
    const device = await netlink.getLink(charonDevice);
    if (device && device.mtu !== tunMtu) await netlink.setLink(device.index, { mtu: tunMtu });
    const index = device?.index ?? 0;
    if (index === indexes[0]) return;
    indexes = [index];
    onDevice();
  };
  const tunnels = new TunnelsKeeper({
    context,
    charon: isOwn ? own : externalCharon(socket, own),
    socket,
    alone: isOwn,
    onRunning: furnish,
  });
  const findMode = async (): Promise<EspMode> => {
    if (mode) return mode;
    mode = await chooseMode(xfrm, netlink, settings.mayUseUserSpace);
    context.log.info({ event: 'ipsec.mode', mode }, `encrypts by ${mode}`);
    if (mode === 'user-space') context.health.set(condition, inUserSpace);
    onMode();
    return mode;
  };
  const devicesOf = (networks: readonly OverlayNetwork[], { facts }: DriverWish) =>
    networks.map((network) => wantXfrm(network, facts));

  const connect = async (wish: DriverWish): Promise<Outcome> => {
    const now = await findMode();
    const device = now === 'interface' ? await keepXfrm(netlink, devicesOf(wish.networks, wish), wish.complete) : none;
    if (now === 'interface') indexes = device.indexes;
    const { own, credentials } = secretsOf(wish, settings);
    // charon looks for its source address, which is the bridge's.
    const { facts } = wish;
    const ready = wish.networks.filter(({ flat, self }) =>
      flat ? now === 'interface' : self.gateways.some((ip) => facts.addresses.has(ip)),
    );
    const { connections, faults: told } = wantConnections(ready, { credentials, mode: now, settings });
    const faults = [
      ...told,
      ...(now === 'interface' ? [] : wish.networks.filter(({ flat }) => flat).map(cannotBeFlat)),
    ];
    tunMtu = Math.min(charonDeviceMtu, ...wish.networks.map((network) => deviceMtu(network, facts)));
    await tunnels.want({ mode: now, own, connections, complete: wish.complete });
    await furnish(); // the uplink may have changed, and nothing else
    const proxied = ensureSettings(wish.networks.flatMap((network) => [...bridgeSysctls(network, proxies)]));
    const done = [...device.done, ...proxied];
    return { done, writes: done.length, faults, failed: device.failed };
  };

  return {
    name: 'ipsec',
    secret: true,
    mtu(network, peer, facts) {
      const whole = mtuTo(network, peer, facts);
      return mode === 'user-space' ? Math.min(whole, charonDeviceMtu) : whole;
    },
    async keep(wish) {
      const isUsed = wish.guarded.length > 0;
      if (!isUsed && isClean) return nothing;
      isClean = false;
      const work = isUsed ? connectGuarded(wish) : disconnect(wish);
      return work.catch(asFailure);
    },
    async diff(wish) {
      if (wish.networks.length === 0 || (await findMode()) !== 'interface') return [];
      return diffXfrm(netlink, devicesOf(wish.networks, wish), wish.complete);
    },
    doubt: () => undefined, // all of it is read in each pass
    owns: (index) => indexes.includes(index),
    // By name alone, since rules stand before it is known which of them will be.
    devices: ({ vni }) => [xfrmName(vni), charonDevice],
    // Out of an interface too: the kernel shows a packet once more, as leaving by the uplink, before it encrypts it. As long as
    // the mode is not known both stand, since a daemon that starts anew must not stop what flows.
    passes: () => {
      const by = (direction: 'in' | 'out') => [`-m policy --dir ${direction} --pol ipsec`];
      return {
        out: mode === 'user-space' ? [] : by('out'),
        in: mode === 'user-space' || mode === 'interface' ? [] : by('in'),
      };
    },
    inputs: () => ['-p udp -m udp --dport 500', '-p udp -m udp --dport 4500', '-p esp'],
    sessions: async () => tunnels.sessions(),
    close: () => tunnels.close(),
  };

  /** Without a block of its own or keys of peers a host has nothing to connect, and is guarded all the same. */
  function connectGuarded(wish: DriverWish): Promise<Outcome> {
    return wish.networks.length > 0 ? connect(wish) : retire(wish);
  }

  async function disconnect(wish: DriverWish): Promise<Outcome> {
    const outcome = await retire(wish);
    isClean = wish.complete && outcome.failed.length === 0;
    return outcome;
  }

  /** Nothing needs a tunnel: on a whole word charon goes, and the devices. */
  async function retire({ complete }: DriverWish): Promise<Outcome> {
    if (!complete) return nothing;
    await tunnels.want(undefined);
    context.health.drop(condition);
    const { done, failed } = await keepXfrm(netlink, [], true);
    return { done, writes: done.length, faults: [], failed };
  }
}

/** charon makes no route for a network of which this host has no address of its own; through an interface it need not. */
function cannotBeFlat({ name }: OverlayNetwork): Fault {
  const text = 'a flat network needs ESP and XFRM interfaces of the kernel (modprobe esp4 xfrm_interface)';
  return { network: name, code: 'KERNEL_LACKS', text };
}

const nothing: Outcome = { done: [], writes: 0, faults: [], failed: [] };

const none = { done: [], failed: [], indexes: [] } as const;

const inUserSpace = {
  ok: false,
  degradesOnly: true,
  code: 'ESP_IN_USER_SPACE',
  text: 'charon encrypts, not the kernel: slow, and its tunnels end with its process',
} as const;

function asFailure(error: unknown): Outcome {
  if (!(error instanceof SuiteError)) throw error;
  return { done: [], writes: 0, faults: [], failed: [{ text: 'connect the peers', error }] };
}

/** @throws SuiteError KEY_UNUSABLE, FILE_UNREADABLE */
function secretsOf(
  { keys }: DriverWish,
  { secretFile }: Pick<IpsecConfig, 'secretFile'>,
): { own: OwnSecret; credentials: Credentials } {
  if (secretFile !== undefined) {
    const secret = readSecret(secretFile);
    return { own: { by: 'secret', secret }, credentials: { by: 'secret', mark: markOfSecret(secret) } };
  }
  const pairs = keys?.own ?? [];
  const [current] = pairs;
  if (!keys || !current) throw new SuiteError('KEY_UNUSABLE', 'sign for IPsec: this host has no keys that can be used');
  const bytes = (key: string): Buffer => Buffer.from(key, 'base64');
  const peers = new Map([...keys.peers].map(([hostId, told]) => [hostId, told.keys.map(bytes)]));
  return { own: { by: 'keys', pairs }, credentials: { by: 'keys', own: bytes(current.publicKey), peers } };
}
