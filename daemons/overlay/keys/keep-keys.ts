// Keeps this host's keys and the trust in the others': makes keys when a network first needs them, publishes their public
// halves, remembers who was seen, and carries a rotation on.
import { join } from 'node:path';
import type { DaemonContext } from '../../shared/daemon/life.ts';
import type { Cancel, Clock } from '../../shared/effects/clock.ts';
import { SuiteError } from '../../shared/model/errors.ts';
import type { SourceRecord } from '../../shared/model/objects.ts';
import { mostReady } from '../../shared/model/parse-tunnel.ts';
import type { Paths } from '../../shared/model/paths.ts';
import type { Snapshot } from '../../shared/model/snapshot.ts';
import { describeFailure } from '../overlay-health.ts';
import { type Keyring, noKeys } from './driver-keys.ts';
import { type Judgement, judgeTunnels, type Pins } from './judge-tunnels.ts';
import { type KeyFiles, openKeyFiles } from './key-files.ts';
import { KeyPair, type KeyUse } from './key-pair.ts';
import { keyState } from './key-state.ts';
import { announce, isRotating, type OwnKeys, recordOf, switchOver, withUses } from './own-keys.ts';
import { maySwitch, type Readiness, readinessOf, readyFor } from './rotation.ts';

export interface KeyOptions {
  readonly context: Pick<DaemonContext, 'health' | 'log' | 'config'> & { readonly paths: Pick<Paths, 'state'> };
  readonly clock: Clock;
  /** Says to metadata what others may know. */
  readonly publish: (record: SourceRecord) => void;
  /** The keyring is another one. */
  readonly onChanged: () => void;
}

const condition = 'keys';
const retryMs = 5_000;

export class KeyKeeper {
  readonly #options: KeyOptions;
  readonly #graceMs: number;
  #files: KeyFiles | undefined;
  #own: OwnKeys | undefined;
  #pins: Pins = new Map();
  #judged: Judgement = { trusted: new Map(), refused: [], pins: this.#pins };
  #ring: Keyring = noKeys;
  #ready: Readonly<Record<string, number>> = {};
  #snapshot: Snapshot | undefined;
  #uses: readonly KeyUse[] = [];
  #published: string | undefined;
  #announcedAt: number | undefined;
  #timer: Cancel | undefined;
  #setAside: string | undefined;

  constructor(options: KeyOptions) {
    this.#options = options;
    this.#graceMs = options.context.config.overlay.keyGrace * 1_000;
  }

  get ring(): Keyring {
    return this.#ring;
  }

  /** @param uses those that a network of this host needs; without any nothing is made or read. */
  take(snapshot: Snapshot, uses: readonly KeyUse[]): void {
    this.#snapshot = snapshot;
    this.#uses = uses;
    if (uses.length > 0 || this.#own) this.#look();
  }

  /** A pass over what the drivers want with this ring is done: what it announces can be used. */
  kept(ring: Keyring): void {
    const ready = readyFor(ring.trusted, mostReady);
    if (JSON.stringify(ready) === JSON.stringify(this.#ready)) return;
    this.#ready = ready;
    this.#publish();
  }

  /** Announces next keys; they are used when the others are ready. @throws NOT_READY without keys, KEY_UNUSABLE. */
  rotate(): { serial: number; waitsFor: readonly string[] } {
    if (!this.#own) {
      throw new SuiteError('NOT_READY', 'rotate keys: this host has none', {
        hint: 'keys are made for the first network with driver wireguard or ipsec',
      });
    }
    this.#write(announce(this.#own, KeyPair.make));
    this.#options.context.log.info({ event: 'keys.announced', serial: this.#own.serial }, 'announces its next keys');
    this.#look();
    return { serial: this.#own.serial, waitsFor: this.#waitsFor() };
  }

  /** Takes the identity that the host shows now for its own. @throws TARGET_UNKNOWN, NOT_READY. */
  trust(nameOrId: string): { hostId: string; name: string; identity: string } {
    const hosts = [...(this.#snapshot?.all('host') ?? [])];
    const found = hosts.filter(({ id, name }) => id === nameOrId || name === nameOrId);
    const [host] = found;
    if (!host || found.length > 1) {
      throw new SuiteError('TARGET_UNKNOWN', `trust ${nameOrId}: ${found.length} hosts have that name`, {
        hint: 'corral host ls shows names and ids',
      });
    }
    const tunnel = this.#snapshot?.get('tunnel', host.id);
    if (!tunnel) throw new SuiteError('NOT_READY', `trust ${host.name}: it shows no keys`);
    const { identity } = tunnel;
    const pins = new Map(this.#pins).set(host.id, { identity, serial: tunnel.serial });
    this.#openFiles().writePins(pins);
    this.#pins = pins;
    this.#options.context.log.warn({ event: 'keys.trusted', host: host.name, identity }, 'a new identity is trusted');
    this.#look();
    return { hostId: host.id, name: host.name, identity };
  }

  /** For people: public halves alone. */
  report(): ReturnType<typeof keyState> {
    return keyState(this.#own, this.#judged, this.#waitsFor(), this.#snapshot);
  }

  close(): void {
    this.#timer?.();
  }

  #readiness(own: OwnKeys): Readiness {
    return this.#snapshot ? readinessOf(this.#snapshot, this.#judged.trusted, own) : { ready: [], late: [] };
  }

  #waitsFor(): readonly string[] {
    return this.#own && isRotating(this.#own) ? this.#readiness(this.#own).late : [];
  }

  #look(): void {
    try {
      this.#load();
      this.#judge();
      this.#turn();
      this.#publish();
      this.#tell();
    } catch (error) {
      const known = this.#options.context.health.set(condition, { ok: false, ...describeFailure(error) });
      if (known) this.#options.context.log.error({ event: 'keys.failed', error }, 'keys cannot be used');
      this.#wake(retryMs);
    }
    const { own, trusted } = this.#ring;
    if (own === this.#own && sameTrust(trusted, this.#judged.trusted)) return;
    this.#ring = { own: this.#own, trusted: this.#judged.trusted };
    this.#options.onChanged();
  }

  #load(): void {
    if (!this.#own) this.#read(this.#openFiles());
    const own = this.#own ?? { identity: KeyPair.make('identity'), serial: 0, pairs: {} };
    const complete = withUses(own, this.#uses, KeyPair.make);
    if (complete !== this.#own) this.#write(complete);
  }

  /** Both files or none: with keys and without what is remembered, everybody would be a stranger. */
  #read(files: KeyFiles): void {
    const both = (): readonly [OwnKeys | undefined, Pins] => [files.readOwn(), files.readPins()];
    try {
      [this.#own, this.#pins] = both();
    } catch (error) {
      // What was damaged is out of the way now; what others can read is still there, and fails again.
      [this.#own, this.#pins] = both();
      this.#setAside = describeFailure(error).text;
    }
  }

  #openFiles(): KeyFiles {
    this.#files ??= openKeyFiles(join(this.#options.context.paths.state, 'keys'));
    return this.#files;
  }

  #write(own: OwnKeys): void {
    if (own === this.#own) return;
    this.#openFiles().writeOwn(own);
    this.#own = own;
  }

  #judge(): void {
    const snapshot = this.#snapshot;
    if (!snapshot) return;
    const { trust } = this.#options.context.config.overlay;
    this.#judged = judgeTunnels(snapshot.all('tunnel'), snapshot.hostId, this.#pins, trust);
    if (this.#judged.pins === this.#pins) return;
    this.#openFiles().writePins(this.#judged.pins);
    this.#pins = this.#judged.pins;
  }

  /** After a restart the grace begins anew: it is not on disk, and neither is wall time. */
  #turn(): void {
    const own = this.#own;
    if (!own || !isRotating(own)) {
      this.#announcedAt = undefined;
      return;
    }
    const { clock, context } = this.#options;
    this.#announcedAt ??= clock.now();
    const left = this.#announcedAt + this.#graceMs - clock.now();
    const readiness = this.#readiness(own);
    if (!maySwitch(readiness, this.#snapshot?.complete === true, left <= 0)) {
      this.#wake(left > 0 ? left : retryMs);
      return;
    }
    this.#write(switchOver(own));
    this.#announcedAt = undefined;
    context.log.info(
      { event: 'keys.switched', late: readiness.late },
      'uses its next keys; the former ones are forgotten',
    );
  }

  #publish(): void {
    const [own, hostId] = [this.#own, this.#snapshot?.hostId];
    if (!own || hostId === undefined) return;
    const record = recordOf(own, hostId, this.#options.context.config.overlay.wireguardPort, this.#ready);
    const text = JSON.stringify(record);
    if (text === this.#published) return;
    this.#published = text;
    this.#options.publish(record);
  }

  #tell(): void {
    const { health, log } = this.#options.context;
    const { refused } = this.#judged;
    const nameOf = (id: string): string => this.#snapshot?.get('host', id)?.name ?? id;
    const [first] = refused;
    const faults = refused.slice(0, 5).map(({ hostId, text }) => `${nameOf(hostId)} is cut off: ${text}`);
    if (this.#setAside !== undefined) faults.unshift(this.#setAside);
    if (faults.length === 0) {
      health.set(condition, { ok: true, text: `${this.#judged.trusted.size} hosts have keys that are trusted` });
      return;
    }
    const code = this.#setAside !== undefined ? 'KEY_UNUSABLE' : (first?.code ?? 'KEY_UNUSABLE');
    const text = faults.join('; ');
    if (health.set(condition, { ok: false, degradesOnly: true, code, text })) log.warn({ event: 'keys.refused' }, text);
  }

  #wake(ms: number): void {
    this.#timer?.();
    this.#timer = this.#options.clock.after(ms, () => this.#look());
  }
}

function sameTrust(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): boolean {
  if (a.size !== b.size) return false;
  for (const [host, tunnel] of b) if (a.get(host) !== tunnel) return false;
  return true;
}
