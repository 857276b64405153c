import { openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parseConfig } from '../../../../daemons/shared/daemon/config.ts';
import { makeLog } from '../../../../daemons/shared/daemon/log.ts';
import { renderError } from '../../../../daemons/shared/model/errors.ts';

const parse = (declared: string, rest = '') => parseConfig(`declared: ${declared}\n${rest}`, {}, 'corral.yaml');

t.test('everything that may be declared', async (t) => {
  const { declared } = parse(`
  stacks: [ { name: web, system: false } ]
  services:
    - stack: web
      name: front
      kind: loadBalancerService
      sidekicks: [ logger ]
      links: [ db, mail/smtp, region/env/mail/smtp ]
      ports: [ 8080:80/tcp ]
      expose: [ '81' ]
      labels: { a.b: '1' }
      metadata: { deep: [ { x: [ 1, null ] } ] }
      scale: 2
      vip: 10.43.0.1
      fqdn: front.example.org
      healthCheck: { port: 80, interval: 2000, responseTimeout: 2000, healthyThreshold: 2, unhealthyThreshold: 3, requestLine: GET / }
      lbConfig: { port_rules: [ { source_port: 80 } ] }
      token: tok-front
    - { stack: web, name: logger, primary: front }
    - { stack: mail, name: smtp, externalIps: [ 192.0.2.25 ] }
    - { stack: mail, name: archive, hostname: archive.example.org, links: { mail/smtp: alias } }
  hosts: [ { name: node-2, agentIp: 192.0.2.12, labels: { zone: b }, memory: 8589934592 } ]
  containers: [ { name: db, ips: [ 10.42.9.9 ], stack: web, service: db, host: node-2, mac: '02:42:0a:2a:09:09' } ]
`);
  t.same([declared.services.length, declared.hosts.length, declared.containers.length], [4, 1, 1]);
  t.same(declared.services[3]?.links, { 'mail/smtp': 'alias' });
});

t.test('each fault is one line with its place', async (t) => {
  const cases: readonly [string, string][] = [
    ['{ service: [] }', 'unknown key declared.service. did you mean services?'],
    ['{ services: [ { nmae: x, stack: y } ] }', 'unknown key declared.services.0.nmae. did you mean name?'],
    [
      '{ services: [ { name: x, stack: y, healthCheck: { prot: 1 } } ] }',
      'declared.services.0.healthCheck.prot. did you mean port?',
    ],
    ['{ hosts: [ { name: x, agentip: 1.2.3.4 } ] }', 'declared.hosts.0.agentip. did you mean agentIp?'],
    ['{ containers: [ { name: x, ip: 1.2.3.4 } ] }', 'declared.containers.0.ip. did you mean ips?'],
    ['{ services: [ { name: x } ] }', 'declared.services.0.stack: '],
    ['{ services: [ { name: a/b, stack: y } ] }', 'declared.services.0.name: not a name'],
    ['{ services: [ { name: x, stack: y, kind: magic } ] }', 'declared.services.0.kind: '],
    ['{ services: [ { name: x, stack: y, links: 5 } ] }', 'declared.services.0.links: not a list of stack/service'],
    ['{ services: [ { name: x, stack: y, externalIps: [ example.org ] } ] }', 'externalIps.0: not an IPv4 address'],
    ['{ services: [ { name: x, stack: y, labels: { a: 1 } } ] }', 'declared.services.0.labels.a: '],
    ['{ services: [ { name: x, stack: y }, { name: x, stack: y } ] }', 'declared.services: two are named y/x/x'],
    ['{ services: [ { name: x, stack: y, primary: p, token: t } ] }', 'x is a sidekick with sidekicks or a token'],
    ['{ stacks: [ { name: x }, { name: x } ] }', 'declared.stacks: two are named x'],
    ['{ hosts: [ { name: X }, { name: x } ] }', 'declared.hosts: two are named x'],
    ['{ containers: [ { name: X, host: a }, { name: x, host: a } ] }', 'declared.containers: two are named x on a'],
    [
      '{ containers: [ { name: x, ips: [ 10.0.0.1 ] }, { name: y, ips: [ 10.0.0.1 ] } ] }',
      'two have the address 10.0.0.1',
    ],
    ['{ containers: [ { name: x, service: y } ] }', 'x has a service and no stack'],
    ['{ services: [ { name: x, stack: y, metadata: &m { m: *m } } ] }', 'declared.services.0.metadata: holds itself'],
    [
      `{ services: [ { name: x, stack: y, metadata: { m: ${'['.repeat(40)}${']'.repeat(40)} } } ] }`,
      'more than 32 levels',
    ],
    ['{ services: null }', 'declared.services: '],
    ['null', 'declared: '],
  ];
  for (const [text, line] of cases) {
    try {
      parse(text);
      t.fail(`accepted: ${text}`);
    } catch (error) {
      t.ok(renderError(error).includes(line), renderError(error));
      t.notMatch(renderError(error), '\n', 'one line');
    }
  }
});

t.test('the same name on two hosts, and in two stacks, is right', async (t) => {
  parse('{ containers: [ { name: x, host: a }, { name: x, host: b }, { name: x } ] }');
  parse('{ services: [ { name: x, stack: a }, { name: x, stack: b }, { name: x, stack: a, primary: y } ] }');
  t.pass();
});

t.test('no fault shows a token', async (t) => {
  const secret = 'tok-s3cret';
  const faulty = [
    `declared: { services: [ { name: x, stack: y, token: ${secret}, tokne: 1 } ] }`,
    `declared: { services: [ { name: x, stack: y, token: [ ${secret} ] } ] }`,
    `declared: { services: [ { name: x, token: ${secret} } ] }`,
    `declared:\n  services:\n  - token: ${secret}\n   name: x`,
    `declared: { services: [ { token: ${secret} ] }`,
    `declared: { services: [ { token: "${secret}: } ] }`,
    `declared: ${secret}`,
  ];
  const path = join(t.testdir({}), 'log');
  const log = makeLog('metadata', 'info', openSync(path, 'w'));
  for (const text of faulty) {
    try {
      parseConfig(text, {}, 'corral.yaml');
      t.fail(`accepted: ${text}`);
    } catch (error) {
      log.error({ error }, 'refused');
      t.notMatch(renderError(error), secret, text);
    }
  }
  const lines = readFileSync(path, 'utf8');
  t.equal(lines.split('\n').length, faulty.length + 1);
  t.notMatch(lines, secret);
});
