// F8: Docker restarted, its stream of events cut in the middle of a line, 500 events missed. Within 5 s what is attached
// equals what the engine lists.
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { startDaemon, type TestDaemon } from '../docker/support/daemon.ts';
import { type Machine, makeMachine, startEngine, succeeds, writeIn } from '../docker/support/machine.ts';
import { startSocketProxy } from '../docker/support/socket-proxy.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';

t.setTimeout(170_000);

const limitMs = 5_000;
const managed = '--net=none --label io.rancher.container.network=true';

if (!isRoot) t.plan(0, 'needs root');
else
  t.test('F8: an engine whose events cannot be relied on', async (t) => {
    const machine = await makeMachine(t);
    machine.sh('mkdir -p /etc/docker && echo \'{"live-restore": true}\' > /etc/docker/daemon.json');
    await startEngine(machine);
    const dir = mkdtempSync('/tmp/co-f8-');
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    const proxy = await startSocketProxy(t, join(dir, 'engine.sock'), `/proc/${machine.pid}/root/run/docker.sock`);
    machine.sh('mkdir -p /etc/corral');
    writeIn(machine, '/etc/corral/corral.yaml', `engines: [{ kind: docker, socket: ${proxy.path} }]\n`);
    await startDaemon(t, machine, 'metadata');
    const manager = await startDaemon(t, machine, 'network-manager');

    for (const name of ['one', 'two', 'three']) start(machine, name);
    await settled(machine, manager);

    await t.test('the stream is cut in the middle of a line', async (t) => {
      proxy.cutInTheMiddle();
      start(machine, 'four');
      await settled(machine, manager);
      t.equal(proxy.cuts, 1);
      start(machine, 'five');
      await settled(machine, manager);
    });

    await t.test('500 events are missed', async () => {
      proxy.block();
      await until(limitMs, 'the loss is told', () => health(manager).includes('DOCKER_UNREACHABLE'));
      const rename = 'curl -s --unix-socket /run/docker.sock -X POST "http://x/containers/$a/rename?name=$b"';
      machine.sh(`a=one; for n in $(seq 500); do b=name-$n; ${rename}; a=$b; done`, { timeoutMs: 60_000 });
      machine.sh('docker rm -f two three; docker restart -t 0 four');
      for (const name of ['six', 'seven']) start(machine, name);
      proxy.unblock();
      await settled(machine, manager);
      await until(limitMs, 'health says so', () => !health(manager).includes('DOCKER_UNREACHABLE'));
    });

    await t.test('Docker is restarted', async (t) => {
      const before = addresses(manager);
      const died = machine.sh('docker inspect -f {{.State.Pid}} six').trim();
      // Nobody reaps a dead containerd in this machine, so Docker would take it for alive.
      machine.sh(`kill -9 $(cat /run/dockerd.pid) $(cat /run/docker/containerd/containerd.pid) ${died}
        rm -f /run/dockerd.pid /run/docker/containerd/containerd.pid`);
      await until(limitMs, 'the loss is told', () => health(manager).includes('DOCKER_UNREACHABLE'));
      machine.start('sh', ['-c', 'exec dockerd --pidfile /run/dockerd.pid >>/run/dockerd.log 2>&1']);
      await until(30_000, 'Docker answers', () => succeeds(() => machine.sh('docker version')));
      await settled(machine, manager);
      const after = addresses(manager);
      t.notOk(after.has('six'), 'the one that died is gone');
      for (const [name, address] of after) t.equal(address, before.get(name), `${name} was not touched`);
    });

    t.notMatch(manager.log(), '"level":"error"', 'nothing unexpected was logged');
  });

function start(machine: Machine, name: string): void {
  machine.sh(`docker run -d ${managed} --name ${name} busybox sleep 3600`);
}

/** What is attached and what the engine lists are the same, and nothing is left of what was. */
async function settled(machine: Machine, manager: TestDaemon): Promise<void> {
  const listed = machine.sh('docker ps --format {{.Names}}').trim().split('\n').sort();
  await until(limitMs, `attached are ${listed}`, () => `${[...addresses(manager).keys()].sort()}` === `${listed}`);
  const runs = new Map(
    listed.map((name) => [name, machine.sh(`docker inspect -f '/proc/{{.State.Pid}}/ns/net' ${name}`).trim()]),
  );
  await until(limitMs, 'each in its present run', () =>
    attachments(manager).every(({ name, netns }) => runs.get(name) === netns),
  );
  for (const [name, address] of addresses(manager)) {
    const shown = machine.sh(`docker exec ${name} ip -4 address show eth0`);
    if (!shown.includes(`inet ${address} `)) throw new Error(`${name} has not ${address} but ${shown}`);
  }
  const veths = machine.sh('ip -o link show type veth | grep -c vethr || true').trim();
  if (Number(veths) !== listed.length) throw new Error(`${veths} links for ${listed.length} containers`);
}

function attachments(manager: TestDaemon): { name: string; address: string; netns: string }[] {
  return manager.ask<{ attachments: { name: string; address: string; netns: string }[] }>('/v1/attachments')
    .attachments;
}

function addresses(manager: TestDaemon): Map<string, string> {
  return new Map(attachments(manager).map(({ name, address }) => [name, address]));
}

function health(manager: TestDaemon): string {
  return JSON.stringify(manager.ask('/readyz'));
}
