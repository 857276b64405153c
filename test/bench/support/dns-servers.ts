// The same names in three DNS servers on one host namespace: dnsmasq, unbound with one thread, and this daemon.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { type FakeMetadata, startFakeMetadata } from '../../fakes/metadata-watch.ts';
import { type Bed, dig, metric, startDns, startProgram } from '../../netns/dns/support/bed.ts';
import { type TestScope, until } from '../../netns/support/namespaces.ts';
import { container, hostId } from '../../unit/dns/support/objects.ts';

export interface DnsServer {
  readonly name: string;
  readonly port: number;
  readonly pid: number;
  /** Gives one name another address, as an owner of this server would. */
  change(index: number, round: number): void;
  /** Questions answered, and receiving calls, since its start. */
  calls?(): Promise<{ readonly answered: number; readonly turns: number }>;
}

const address = '169.254.169.250';

export const nameOf = (index: number): string => `c${index}.rancher.internal`;
const addressOf = (index: number, round = 0): string => `10.43.${(index + round) & 255}.${(index >> 8) & 255}`;

/** Where the Debian packages put a program; `DNS_BENCH_BIN` names a further directory, for unpacked packages. */
export function programPath(name: string): string {
  const places = [process.env.DNS_BENCH_BIN ?? '', '/usr/sbin', '/usr/bin'].filter((place) => place !== '');
  const found = places.map((place) => `${place}/${name}`).find((path) => existsSync(path));
  if (found === undefined) {
    throw new Error(`${name} is not here; see daemons/dns/README.md, "Figures", for the packages that this needs`);
  }
  return found;
}

export async function startServers(t: TestScope, bed: Bed, count: number): Promise<DnsServer[]> {
  const corral = await startCorral(t, bed, count);
  return [startDnsmasq(t, bed, count), await startUnbound(t, bed, count), corral];
}

async function startCorral(t: TestScope, bed: Bed, count: number): Promise<DnsServer> {
  const object = (index: number, round = 0) =>
    container(`c${index}`, { ips: [addressOf(index, round)], hostId: 'other' });
  const objects = Array.from({ length: count }, (_, index) => object(index));
  const metadata: FakeMetadata = await startFakeMetadata(bed.metadataSocket, hostId, objects);
  t.teardown(() => metadata.close());
  const running = await startDns(t, bed);
  await until(120_000, 'the last name', async () => (await dig(bed.host, nameOf(count - 1))).answers.length === 1);
  const change = (index: number, round: number): void => metadata.change([object(index, round)]);
  const calls = async () => ({
    answered: await metric(bed, 'corral_dns_hot_hits', ''),
    turns: await metric(bed, 'corral_dns_hot_turns', ''),
  });
  return { name: 'corral', port: 53, pid: running.child.pid ?? 0, change, calls };
}

function startDnsmasq(t: TestScope, bed: Bed, count: number): DnsServer {
  const hosts = `${bed.root}/hosts`;
  const lines = Array.from({ length: count }, (_, index) => `${addressOf(index)} ${nameOf(index)}`);
  const write = (): void => writeFileSync(hosts, `${lines.join('\n')}\n`);
  write();
  const running = startProgram(t, bed.host, programPath('dnsmasq'), [
    ...[
      '--no-daemon',
      '--no-resolv',
      '--no-hosts',
      '--conf-file=/dev/null',
      '--user=root',
      '--local=/rancher.internal/',
    ],
    ...[`--addn-hosts=${hosts}`, '--port=5301', `--listen-address=${address}`, '--bind-interfaces', '--local-ttl=1'],
    `--pid-file=${bed.root}/dnsmasq.pid`,
  ]);
  const change = (index: number, round: number): void => {
    lines[index] = `${addressOf(index, round)} ${nameOf(index)}`;
    write();
    running.child.kill('SIGHUP');
  };
  return { name: 'dnsmasq', port: 5301, pid: running.child.pid ?? 0, change };
}

async function startUnbound(t: TestScope, bed: Bed, count: number): Promise<DnsServer> {
  const control = `${bed.root}/unbound.sock`;
  const data = Array.from(
    { length: count },
    (_, index) => `  local-data: "${nameOf(index)} 1 IN A ${addressOf(index)}"`,
  );
  const config = `${bed.root}/unbound.conf`;
  writeFileSync(
    config,
    `server:
  num-threads: 1
  do-daemonize: no
  use-syslog: no
  logfile: ""
  chroot: ""
  username: ""
  pidfile: "${bed.root}/unbound.pid"
  directory: "${bed.root}"
  interface: ${address}@5302
  access-control: 0.0.0.0/0 allow
  module-config: "iterator"
  so-rcvbuf: 4m
  local-zone: "rancher.internal." static
${data.join('\n')}
remote-control:
  control-enable: yes
  control-interface: ${control}
  control-use-cert: no
`,
  );
  const running = startProgram(t, bed.host, programPath('unbound'), ['-d', '-c', config]);
  await until(30_000, 'unbound listens', () => existsSync(control));
  const change = (index: number, round: number): void => {
    const tell = (...args: string[]): void => {
      execFileSync(programPath('unbound-control'), ['-s', control, '-c', config, ...args], { stdio: 'ignore' });
    };
    tell('local_data_remove', nameOf(index));
    tell('local_data', `${nameOf(index)} 1 IN A ${addressOf(index, round)}`);
  };
  return { name: 'unbound', port: 5302, pid: running.child.pid ?? 0, change };
}

/** Seconds of processor time that a process has used, all its threads, user and system. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
