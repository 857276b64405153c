// ARP for addresses behind peers on the bridges of flat networks, where `overlay.arp` is `responder`: for hosts on which the
// kernel's own proxy cannot be switched on. The frames are a process's business (arp-process.ts); this starts it, tells it what
// to answer, and starts it again.
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { programPath } from '../../shared/daemon/installation.ts';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Clock } from '../../shared/effects/clock.ts';
import type { Netlink } from '../../shared/effects/netlink.ts';
import type { Ipv4 } from '../../shared/model/ipv4.ts';
import type { OverlayNetwork } from '../overlay-network.ts';
import type { ArpNews } from './arp-process.ts';
import type { ArpPost } from './posts.ts';

/** Bridges come and go, and change their MAC; a process that ended is started again as often. */
const lookMs = 2_000;
const condition = 'arp';
const program = programPath('daemons/overlay/arp/arp-process');

export interface ResponderOptions {
  readonly context: Pick<DaemonContext, 'health' | 'log' | 'metrics'>;
  readonly clock: Clock;
  readonly netlink: Pick<Netlink, 'getLink'>;
}

export class ArpResponder {
  readonly #options: ResponderOptions;
  readonly #cancel: () => void;
  #networks: readonly OverlayNetwork[] = [];
  #child: ChildProcess | undefined;
  /** What the process was told last. */
  #told = '';
  #isLooking = false;
  #isClosed = false;
  #counts = { answered: 0, refused: 0 };
  /** Of processes that ended. */
  #before = { answered: 0, refused: 0 };

  constructor(options: ResponderOptions) {
    this.#options = options;
    const { metrics } = options.context;
    const count = (key: 'answered' | 'refused') => (): number => this.#before[key] + this.#counts[key];
    metrics.count('corral_overlay_arp_answers_total', 'ARP requests answered for peers’ addresses', count('answered'));
    metrics.count('corral_overlay_arp_refused_total', 'ARP requests beyond the bounds', count('refused'));
    this.#cancel = options.clock.every(lookMs, () => void this.#look());
  }

  want(networks: readonly OverlayNetwork[]): void {
    this.#networks = networks.filter((network) => network.flat);
    void this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#child?.stdin?.end();
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#isClosed) return;
    this.#isLooking = true;
    try {
      const posts = (await Promise.all(this.#networks.map((network) => this.#postOf(network)))).flat();
      if (!this.#isClosed) this.#tell(posts);
    } catch (error) {
      this.#options.context.log.warn({ event: 'arp.failed', error }, 'the bridges cannot be looked at; tries again');
    } finally {
      this.#isLooking = false;
    }
  }

  async #postOf({ bridge, subnet, peers }: OverlayNetwork): Promise<ArpPost[]> {
    const link = await this.#options.netlink.getLink(bridge);
    if (!link?.up || link.mac === undefined) return [];
    const single = peers.flatMap(({ ranges }) => ranges.filter(({ prefix }) => prefix === 32));
    return [{ bridge, index: link.index, mac: link.mac, subnet, remote: single.map(({ base }) => base as Ipv4) }];
  }

  #tell(posts: readonly ArpPost[]): void {
    if (posts.length === 0 && !this.#child) return;
    const child = this.#child ?? this.#start();
    const line = JSON.stringify(posts);
    if (line === this.#told) return;
    this.#told = line;
    child.stdin?.write(`${line}\n`);
  }

  #start(): ChildProcess {
    const child = spawn(process.execPath, ['--max-semi-space-size=2', program], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child = child;
    this.#told = '';
    const ended = (): void => {
      if (this.#child !== child) return;
      this.#child = undefined;
      const { answered, refused } = this.#counts;
      this.#before = { answered: this.#before.answered + answered, refused: this.#before.refused + refused };
      this.#counts = { answered: 0, refused: 0 };
    };
    child.on('error', ended);
    child.on('exit', ended);
    child.stdin.on('error', () => undefined); // it ended meanwhile
    createInterface({ input: child.stdout }).on('line', (line) => this.#hear(JSON.parse(line) as ArpNews));
    return child;
  }

  #hear({ answered, refused, fault }: ArpNews): void {
    const { health, log } = this.#options.context;
    this.#counts = { answered, refused };
    const changed = health.set(condition, {
      ok: fault === null,
      degradesOnly: true,
      text: 'answers ARP for addresses of other hosts',
      ...fault,
    });
    if (changed && fault) log.warn({ event: 'arp.failed', code: fault.code }, fault.text);
    // Told again at the next look.
    if (fault) this.#told = '';
  }
}
