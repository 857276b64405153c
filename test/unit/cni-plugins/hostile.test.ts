import { readdirSync, readFileSync } from 'node:fs';
import t from 'tap';
import { listLeases } from '../../../cni-plugins/library.ts';
import { pathsBelow } from '../../../daemons/shared/model/paths.ts';
import { judge, openTarget, strayFiles } from './support/hold-out.ts';
import { hostileRequest, seeded } from './support/hostile-inputs.ts';

const many = 10_000;
t.test(`${many} hostile calls are answered, soon, and touch only leases`, { timeout: 120_000 }, async (t) => {
  const { root, cni } = openTarget(t);
  const random = seeded(20_240_501);
  const faults: string[] = [];
  let answered = 0;
  for (let at = 0; at < many; at += 1) {
    const request = hostileRequest(random);
    const fault = await judge(cni, request);
    if (fault !== undefined && faults.length < 10)
      faults.push(`${at}: ${fault} for ${JSON.stringify(request).slice(0, 2000)}`);
    answered += 1;
  }
  t.same(faults, []);
  t.equal(answered, many);
  t.same(strayFiles(root), []);
  t.equal(({} as { polluted?: boolean }).polluted, undefined);
  const { leases, damaged } = listLeases(pathsBelow(root));
  t.ok(leases.length > 0, 'some were given addresses');
  t.same(damaged, []);
  const ips = leases.map((lease) => `${lease.network} ${lease.addresses[0]}`);
  t.equal(new Set(ips).size, ips.length, 'each once');
});

const finds = new URL('../../fixtures/cni-plugins/hostile/', import.meta.url);

t.test('what was found before stays found', async (t) => {
  const { root, cni } = openTarget(t);
  for (const name of readdirSync(finds)) {
    const { program, env, stdin, objects = 0, code } = JSON.parse(readFileSync(new URL(name, finds), 'utf8'));
    const more = objects > 0 ? { more: new Array(objects).fill({}) } : {};
    const request = { program, env, stdin: JSON.stringify({ ...stdin, ...more }) };
    t.equal(await judge(cni, request), undefined, name);
    t.equal(JSON.parse((await cni.handle(request)).stdout).code, code, name);
  }
  t.same(strayFiles(root), []);
});
