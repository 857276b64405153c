// Hosts and containers that exist in etcd alone, written by a program beside it. Arguments: the endpoint, hosts, containers of
// each. It prints `filled`; then each line on its input is done, and `done MS` tells when it was begun (ms since the epoch, with
// fractions, from the monotonic clock):
//   container NAME ADDRESS    one more container on the first host
//   host NUMBER               one more host, without containers
import { createInterface } from 'node:readline';
import { renderKey } from '../../../../daemons/metadata/cluster/keys.ts';
import { type EtcdLink, type Operation, openEtcd } from '../../../../daemons/shared/effects/etcd.ts';
import { parseMac, vtepMac } from '../../../../daemons/shared/model/mac.ts';
import { host, record } from '../../../fixtures/records.ts';

const perTransaction = 100;
const leaseSeconds = 3_600;

/** Of the simulated host with this number, counted from 1. */
export function hostIdOf(number: number): string {
  return `bbbbbbbb-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** Not the block of the lab's own host, wherever that is. */
function blockOf(number: number): string {
  return `10.${100 + (number >> 8)}.${number & 255}`;
}

function hostWrites(number: number, each: number, lease: string): Operation[] {
  const id = hostIdOf(number);
  const name = `sim-${number}`;
  const agentIp = `172.16.${number >> 8}.${number & 255}`;
  const object = { ...host({ id, name, hostname: name, agentIp }), vtepMac: parseMac(vtepMac(id)) };
  const containers = Array.from({ length: each }, (_, at) =>
    containerWrite(number, number * 1_000 + at, `${blockOf(number)}.${at + 2}`),
  );
  return [
    { put: renderKey({ at: 'info', host: id }), value: JSON.stringify({ ...object, proposes: [], contested: [] }) },
    {
      put: renderKey({ at: 'alive', host: id }),
      value: JSON.stringify({ instance: id, place: 'simulated', name, agentIp }),
      lease,
    },
    {
      put: renderKey({ at: 'block', network: 'corral', cidr: `${blockOf(number)}.0/24` }),
      value: JSON.stringify({ hostId: id, order: 0 }),
    },
    ...containers,
  ];
}

function containerWrite(hostNumber: number, number: number, address: string, name = `s${number}`): Operation {
  const labels = { 'io.rancher.stack_service.name': `stack${hostNumber % 100}/service${number % 10}` };
  const one = record(number, { name, hostId: hostIdOf(hostNumber), network: 'corral', ips: [address], labels });
  return { put: renderKey({ at: 'container', host: one.hostId, id: one.id }), value: JSON.stringify(one) };
}

async function write(link: EtcdLink, operations: readonly Operation[]): Promise<void> {
  for (let at = 0; at < operations.length; at += perTransaction) {
    await link.transact([], operations.slice(at, at + perTransaction));
  }
}

async function main(endpoint: string, hosts: number, each: number): Promise<void> {
  const link = await openEtcd({ endpoint, callMs: 30_000 });
  const lease = await link.grantLease(leaseSeconds);
  for (let number = 1; number <= hosts; number += 1) await write(link, hostWrites(number, each, lease));
  console.log('filled');
  let extra = 100_000_000; // no container of a host has a number as high
  for await (const line of createInterface({ input: process.stdin })) {
    const [word, first = '', second = ''] = line.split(' ');
    extra += 1;
    const operations =
      word === 'host' ? hostWrites(Number(first), 0, lease) : [containerWrite(1, extra, second, first)];
    const before = performance.timeOrigin + performance.now();
    await write(link, operations);
    console.log(`done ${before}`);
  }
}

if (process.argv[1] === import.meta.filename) {
  const [endpoint = '', hosts, each] = process.argv.slice(2);
  await main(endpoint, Number(hosts), Number(each));
}
