// The images on a real engine: built, run by Compose and by the supervisor, restarted under traffic.
import { readFileSync } from 'node:fs';
import t from 'tap';
import { needsOf } from '../../daemons/supervisor/containers/needs.ts';
import { isRoot, until } from '../netns/support/namespaces.ts';
import {
  allDaemonsReady,
  buildImages,
  type ContainerFacts,
  compose,
  daemonsOf,
  inspect,
  startPings,
} from './support/images.ts';
import {
  type Machine,
  machineAddress,
  makeMachine,
  routerAddress,
  startEngine,
  succeeds,
  writeIn,
} from './support/machine.ts';
import { startResolver } from './support/resolver.ts';
import { corral, repository } from './support/suite.ts';

const version: string = JSON.parse(readFileSync(`${repository}/package.json`, 'utf8')).version;
const daemons = ['metadata', 'network-manager', 'dns', 'overlay'] as const;
const inContainer = 'docker exec corral-supervisor corral';
const places = { configDir: '/etc/corral', engineRoot: '/var/lib/docker' };

t.setTimeout(400_000);
if (!isRoot) t.plan(0, 'needs root');
else
  t.test('the suite as containers', { timeout: 390_000 }, async (t) => {
    const machine = await makeMachine(t);
    machine.sh('mount --make-rshared /run'); // as systemd has it
    await startResolver(t, machine, routerAddress);
    await startEngine(machine);
    buildImages(t, machine);

    await t.test('each image says what is in it, and is small', async (t) => {
      for (const name of [...daemons, 'supervisor', 'node', 'charon']) {
        const { Config: config } = inspect<ContainerFacts>(machine, `corral/${name}:${version}`);
        const bom = JSON.parse(config.Labels['io.corral.sbom'] ?? '{}');
        t.match(bom, { bomFormat: 'CycloneDX', specVersion: '1.5', components: [{ name: 'node' }] }, name);
        const whole = JSON.parse(
          machine.sh(`docker run --rm --net=none --entrypoint node corral/${name}:${version} ${print('sbom.json')}`),
        );
        t.equal(whole.components.length, bom.components.length, 'the file says the same, and more of each');
        t.same(
          config.Env.filter((one) => !/^(PATH|CORRAL_PROC_SYS)=/.test(one)),
          [],
          'no other variables',
        );
      }
      const packages = machine.sh(
        `docker run --rm --net=none --entrypoint node corral/overlay:${version} ${print('packages/tools')}`,
      );
      t.comment(machine.sh('docker images --format "{{.Repository}} {{.Size}}" | grep corral/ | tr "\\n" " "'));
      t.match(packages, /^iptables \S+ \w+$/m);
    });

    await t.test('the same sources give the same layers', async (t) => {
      const before = inspect<ContainerFacts>(machine, `corral/dns:${version}`).RootFS.Layers;
      machine.run(
        `${repository}/scripts/build-images`,
        ['--base', 'corral-base', '--network', 'none', '--no-cache', '--tag', 'again', 'dns'],
        { timeoutMs: 120_000 },
      );
      t.same(inspect<ContainerFacts>(machine, 'corral/dns:again').RootFS.Layers, before);
    });

    await t.test('Compose starts it, with what is written down and no more', async (t) => {
      compose(machine, 'up', '-d');
      await allDaemonsReady(machine, inContainer);
      for (const name of [...daemons, 'supervisor'] as const) {
        const { HostConfig: host } = inspect<ContainerFacts>(machine, `corral-${name}`);
        const needs = needsOf(name, places);
        t.same([...(host.CapAdd ?? [])].sort(), [...needs.capabilities].sort(), name);
        t.same([...host.Binds].map(withoutMode).sort(), [...needs.binds].map(withoutMode).sort(), name);
        t.match(host, { CapDrop: ['ALL'], Privileged: false, ReadonlyRootfs: true, RestartPolicy: { Name: 'always' } });
      }
    });

    await t.test('the README’s first container', async (t) => {
      runContainer(machine, 'web-1');
      const address = await addressOf(machine, 'web-1');
      t.match(address, /^10\.42\.\d+\.\d+$/);
      const name = 'wget -qO- http://169.254.169.250/latest/self/container/name';
      t.equal(machine.sh(`docker exec web-1 ${name}`), 'web-1');
      t.match(machine.sh('docker exec web-1 nslookup -type=a web.shop.rancher.internal'), address);
      machine.sh('ip netns add x');
      t.match(machine.sh(`${inContainer} attach /run/netns/x --name x`), /10\.42\./, 'a namespace made later is seen');
      t.match(machine.sh('ip -n x route'), /^default via 10\.42\.0\.1/m);
      machine.sh(`${inContainer} detach /run/netns/x && ip netns delete x`);
    });

    await t.test('the guide’s services of Compose find each other by name', async (t) => {
      const guide =
        /```yaml\n(# shop\/compose.yaml[\s\S]*?)```/.exec(readFileSync(`${repository}/docs/docker.md`, 'utf8'))?.[1] ??
        '';
      machine.sh('mkdir /run/shop');
      writeIn(
        machine,
        '/run/shop/compose.yaml',
        guide.replaceAll(/image: \S+/g, 'image: busybox\n    command: sleep 3600'),
      );
      const shop = 'docker-compose -f /run/shop/compose.yaml';
      machine.sh(`${shop} up -d`, { timeoutMs: 60_000 });
      const db = await addressOf(machine, machine.sh(`${shop} ps -q db`).trim());
      for (const name of ['db', 'db.shop', 'db.shop.rancher.internal']) {
        const asked = `docker exec $(${shop} ps -q web) nslookup -type=a ${name} 2>&1 || true`;
        await until(10_000, `web finds ${name}`, () => machine.sh(asked).includes(db));
      }
      const rules = machine.sh('iptables-save -t nat');
      t.match(rules, /--dport 8080 .*DNAT/, 'and its port is published');
      machine.sh(`${shop} down`, { timeoutMs: 60_000 });
    });

    await t.test('docker restart of any of them loses no packet', async (t) => {
      runContainer(machine, 'web-2');
      const pings = await startPings(machine, 'web-1', await addressOf(machine, 'web-2'));
      for (const name of [...daemons, 'supervisor', 'charon']) {
        const before = inspect<ContainerFacts>(machine, `corral-${name}`).State.Pid;
        machine.sh(`docker restart corral-${name}`, { timeoutMs: 60_000 });
        t.not(inspect<ContainerFacts>(machine, `corral-${name}`).State.Pid, before, name);
        await allDaemonsReady(machine, inContainer);
      }
      const { sent, lost } = await pings.stop();
      t.comment(`${sent} packets`);
      t.ok(sent > 500);
      t.same(lost, []);
      t.match(machine.sh('docker exec web-2 nslookup -type=a web.shop.rancher.internal'), /10\.42\./);
    });

    // What follows works with etcd, too: the whole node in one container, and the launcher's containers.
    await t.test('the host moves into etcd, and its containers notice nothing', async (t) => {
      const etcd = `http://${machineAddress}:2379`;
      const urls = ['--listen-client-urls', etcd, '--advertise-client-urls', etcd];
      machine.start('etcd', ['--data-dir', '/run/etcd', ...urls]);
      await until(20_000, 'etcd answers', () => succeeds(() => machine.sh(`curl -sfm 1 ${etcd}/health`)));
      const address = await addressOf(machine, 'web-1');
      const pings = await startPings(machine, 'web-1', await addressOf(machine, 'web-2'));
      t.match(machine.sh(`${inContainer} store migrate --endpoint ${etcd}`), /^moved 1 networks, 1 blocks/);
      writeIn(machine, '/etc/corral/corral.yaml', `store: { kind: etcd, endpoints: ['${etcd}'] }\n`);
      machine.sh('docker restart corral-metadata', { timeoutMs: 60_000 });
      await until(60_000, 'etcd is the store', () =>
        succeeds(() => t.match(machine.sh(`${inContainer} store status`), `etcd at ${etcd}`)),
      );
      await allDaemonsReady(machine, inContainer);
      t.same((await pings.stop()).lost, []);
      t.equal(await addressOf(machine, 'web-1'), address);
      runContainer(machine, 'web-3');
      const third = await addressOf(machine, 'web-3');
      const kept = `etcdctl --endpoints ${etcd} get --prefix /corral/v1/hosts --print-value-only`;
      await until(10_000, 'etcd knows it', () => machine.sh(`ETCDCTL_API=3 ${kept}`).includes(third));
      t.match(machine.sh('docker exec web-1 nslookup -type=a web.shop.rancher.internal'), third);
      machine.sh('docker rm -f web-3');
    });

    await t.test('the health checks tell who is ready', async (t) => {
      for (const name of [...daemons, 'supervisor', 'charon']) {
        const [kind, ...command] = inspect<ContainerFacts>(machine, `corral-${name}`).Config.Healthcheck?.Test ?? [];
        t.equal(kind, 'CMD');
        const check = (): string => machine.run('docker', ['exec', `corral-${name}`, ...command]);
        t.match(check(), /ready|degraded|answers/, name);
      }
      const check = 'docker exec corral-dns node /usr/lib/corral/healthcheck.cjs /run/corral/nobody.sock';
      t.notOk(
        succeeds(() => machine.sh(check)),
        'and fail where nobody is',
      );
      compose(machine, 'down');
    });

    await t.test('the whole node in one container', async (t) => {
      machine.sh(documented(/^docker run -d --name corral .*$/m));
      const before = await allDaemonsReady(machine, 'docker exec corral corral');
      const pings = await startPings(machine, 'web-1', await addressOf(machine, 'web-2'));
      machine.sh('docker restart corral', { timeoutMs: 60_000 });
      const after = await until(60_000, 'other daemons', async () => {
        const told = await allDaemonsReady(machine, 'docker exec corral corral');
        return pidOf(told, 'dns') === pidOf(before, 'dns') ? undefined : told;
      });
      t.not(pidOf(after, 'metadata'), pidOf(before, 'metadata'));
      t.same((await pings.stop()).lost, []);
      machine.sh('docker rm -f corral');
      const lives = (): boolean => after.some(({ pid }) => succeeds(() => machine.sh(`kill -0 ${pid}`)));
      await until(10_000, 'its processes have ended with it', () => !lives());
    });

    await t.test('launcher docker: the supervisor starts the daemons as containers', async (t) => {
      const env = { CORRAL_LAUNCHER: 'docker' };
      const first = machine.start('sh', ['-c', `echo $$ > /run/up.pid; exec ${corral} up >/run/up.log 2>&1`], { env });
      const before = await allDaemonsReady(machine, corral);
      for (const name of daemons) {
        const { State: state, HostConfig: host } = inspect<ContainerFacts>(machine, `corral-${name}`);
        t.equal(state.Pid, pidOf(before, name), `${name} is the process of its container`);
        t.same(host.CapAdd, needsOf(name, places).capabilities);
        t.equal(host.RestartPolicy.Name, 'no', 'the engine does not start it again');
      }
      t.match(machine.sh('docker exec web-2 nslookup -type=a web.shop.rancher.internal'), /10\.42\./);

      await t.test('a killed one comes back', async (t) => {
        machine.sh('docker kill corral-dns');
        await until(60_000, 'another dns', () => {
          const pid = pidOf(daemonsOf(machine, corral), 'dns');
          return pid && pid !== pidOf(before, 'dns');
        });
        const after = await allDaemonsReady(machine, corral);
        t.match(
          after.find(({ name }) => name === 'dns'),
          { lastEnd: 'was killed by SIGKILL', restarts: 1 },
        );
        t.equal(pidOf(after, 'metadata'), pidOf(before, 'metadata'));
      });

      await t.test('the supervisor killed: they live on and are taken over', async (t) => {
        const pids = daemonsOf(machine, corral).map(({ pid }) => pid);
        machine.sh('kill -9 $(cat /run/up.pid)');
        await until(10_000, 'it is dead', () => first.exitCode !== null || first.signalCode !== null);
        machine.start('sh', ['-c', `echo $$ > /run/up.pid; exec ${corral} up >/run/up.log 2>&1`], { env });
        const after = await allDaemonsReady(machine, corral);
        t.same(
          after.map(({ pid }) => pid),
          pids,
        );
      });

      await t.test('a missing image is named', async (t) => {
        machine.sh(
          `docker tag corral/dns:${version} kept && docker rmi -f corral/dns:${version} && docker kill corral-dns`,
        );
        const told = await until(
          60_000,
          'it is told',
          () => /IMAGE_MISSING.*/.exec(machine.sh('cat /run/up.log'))?.[0],
        );
        t.match(told, `corral/dns:${version}`);
        machine.sh(`docker tag kept corral/dns:${version}`);
        await allDaemonsReady(machine, corral);
      });

      machine.sh('kill -TERM $(cat /run/up.pid)');
      await until(60_000, 'none runs', () => !machine.sh('docker ps --format "{{.Names}}"').includes('corral-'));
      t.match(machine.sh('docker logs corral-metadata 2>&1'), '"msg":"starting"', 'what they said can still be read');
    });

    await t.test('and what it made is taken off by the command of docs/docker.md', async (t) => {
      machine.sh('docker rm -f web-1 web-2');
      machine.sh(documented(/^docker run --rm .*cleanup.*$/m), { timeoutMs: 60_000 });
      t.notMatch(machine.sh('ip -o link; ip address show lo; iptables-save'), /corral0|169\.254\.169\.250|CATTLE/);
    });
  });

/** A line of docs/docker.md, as it stands there. */
function documented(pattern: RegExp): string {
  const line = pattern.exec(readFileSync(`${repository}/docs/docker.md`, 'utf8'))?.[0];
  if (!line) throw new Error(`docs/docker.md has no line ${pattern}`);
  return line.replace(/(corral\/[a-z]+):[\d.]+/, `$1:${version}`);
}

function print(file: string): string {
  return `-e 'process.stdout.write(require("fs").readFileSync("/usr/share/corral/${file}"))'`;
}

/** Compose gives `rw` to what has no mode. */
function withoutMode(bind: string): string {
  return bind.replace(/:rw$/, '');
}

function pidOf(told: readonly { name: string; pid: number | null }[], daemon: string): number | null | undefined {
  return told.find(({ name }) => name === daemon)?.pid;
}

function runContainer(machine: Machine, name: string): void {
  const labels = ['--label', 'io.rancher.container.network=true', '--label', 'io.rancher.stack_service.name=shop/web'];
  machine.run('docker', ['run', '-d', '--net=none', '--name', name, ...labels, 'busybox', 'sleep', '3600']);
}

async function addressOf(machine: Machine, name: string): Promise<string> {
  return until(20_000, `${name} has an address`, () => {
    const told = machine.sh(`docker exec ${name} ip -4 address show eth0 2>/dev/null || true`);
    return /inet (10\.42\.[\d.]+)\//.exec(told)?.[1];
  });
}
